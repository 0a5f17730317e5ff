#include <xgrad/ops/movedim.hpp>

#include <algorithm>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/view.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = view_op("movedim");

}  // namespace

Tensor movedim(const Operand& x, const Axes& from, const Axes& to) {
  Call call(op, x);
  const Shape& shape = call.shape(0);
  const int rank = shape.rank();
  if (from.all() || to.all() || from.count() != to.count())
    call.fail<ShapeError>("{} axes to {} places, the argument is {}", from.count(), to.count(), describe(call.in(0)));
  const AxisMask moved = normal_axes(call, from, rank);
  normal_axes(call, to, rank);
  int order[max_rank];
  std::fill(order, order + rank, -1);
  for (int i = 0; i < from.count(); ++i) order[normal_axis(call, to[i], rank)] = normal_axis(call, from[i], rank);
  const Strides strides = dense_strides(shape);
  View view(shape, 0);
  for (int i = 0, rest = 0; i < rank; ++i) {
    while (has(moved, rest)) ++rest;
    const int axis = order[i] >= 0 ? order[i] : rest++;
    view.add_axis(shape[axis], strides[axis]);
  }
  return take(call, view);
}

}  // namespace xgrad
