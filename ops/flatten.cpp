#include <xgrad/ops/flatten.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/reshape.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "flatten"};

}  // namespace

Tensor flatten(const Operand& x, int start, int end) {
  const Call call(op, x);
  const CallScope scope(call);
  const Shape& shape = call.shape(0);
  const int rank = shape.rank();
  start = normal_axis(call, start, std::max(rank, 1)), end = normal_axis(call, end, std::max(rank, 1));
  if (rank == 0) return reshape(call.in(0), Shape{1});
  if (end < start)
    call.fail<ShapeError>("axes {} to {} of {}: the end is before the start", start, end, describe(call.in(0)));
  Shape flat(shape.begin(), start);
  flat.push_back(Shape(shape.begin() + start, end - start + 1).size());
  for (int i = end + 1; i < rank; ++i) flat.push_back(shape[i]);
  return reshape(call.in(0), flat);
}

}  // namespace xgrad
