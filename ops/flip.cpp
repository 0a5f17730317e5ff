#include <xgrad/ops/flip.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/view.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = view_op("flip");

}  // namespace

Tensor flip(const Operand& x, const Axes& axes) {
  Call call(op, x);
  const Shape& shape = call.shape(0);
  const AxisMask mask = normal_axes(call, axes, shape.rank());
  View view(shape);
  if (shape.size() == 0) return take(call, view);
  for (int i = 0; i < shape.rank(); ++i) {
    if (!has(mask, i)) continue;
    view.offset += (shape[i] - 1) * view.strides[i];
    view.strides[i] = -view.strides[i];
  }
  return take(call, view);
}

}  // namespace xgrad
