#include <xgrad/ops/sort.hpp>

#include <xgrad/ops/argsort.hpp>
#include <xgrad/ops/gather.hpp>
#include <xgrad/ops/internal/axes.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "sort"};

}  // namespace

Sorted sort(const Operand& x, int axis, bool descending) {
  const Call call(op, x);
  const CallScope scope(call);
  const Tensor order = argsort(call.in(0), axis, descending);
  return {gather(call.in(0), axis, order), order};
}

}  // namespace xgrad
