#include <xgrad/ops/transpose.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/view.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = view_op("transpose");

}  // namespace

Tensor transpose(const Operand& x, const Axes& axes) {
  Call call(op, x);
  const Shape& shape = call.shape(0);
  const int rank = shape.rank();
  if (!axes.all() && axes.count() != rank)
    call.fail<ShapeError>("{} given for {}, expected each of its {} axes once", axes.count(), describe(call.in(0)),
                          rank);
  normal_axes(call, axes, rank);
  const Strides strides = dense_strides(shape);
  View view(shape, 0);
  for (int i = 0; i < rank; ++i) {
    const int axis = axes.all() ? rank - 1 - i : normal_axis(call, axes[i], rank);
    view.add_axis(shape[axis], strides[axis]);
  }
  return take(call, view);
}

}  // namespace xgrad
