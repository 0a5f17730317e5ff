#include <xgrad/ops/topk.hpp>

#include <xgrad/ops/argsort.hpp>
#include <xgrad/ops/gather.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/slice.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "topk"};

}  // namespace

Sorted topk(const Operand& x, std::int64_t k, int axis, bool largest) {
  const Call call(op, x);
  const Shape& shape = call.shape(0);
  axis = normal_axis(call, axis, shape.rank());
  if (k < 0 || k > shape[axis])
    call.fail<ShapeError>("k is {}, axis {} of {} has {} elements", k, axis, describe(call.in(0)), shape[axis]);
  const CallScope scope(call);
  Slice first[max_rank];
  first[axis] = Slice(0, k);
  const Tensor order = slice(argsort(call.in(0), axis, largest), first, static_cast<std::size_t>(axis) + 1);
  return {gather(call.in(0), axis, order), order};
}

}  // namespace xgrad
