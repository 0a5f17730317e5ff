#include <xgrad/ops/squeeze.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/reshape.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "squeeze"};

}  // namespace

Tensor squeeze(const Operand& x, const Axes& axes) {
  const Call call(op, x);
  const Shape& shape = call.shape(0);
  AxisMask mask = 0;
  if (axes.all())
    for (int i = 0; i < shape.rank(); ++i) mask |= shape[i] == 1 ? 1u << i : 0;
  else mask = normal_axes(call, axes, shape.rank());
  for (int i = 0; i < shape.rank(); ++i)
    if (has(mask, i) && shape[i] != 1)
      call.fail<ShapeError>("axis {} of {} has {} elements, expected 1", i, describe(call.in(0)), shape[i]);
  const CallScope scope(call);
  return reshape(call.in(0), drop_axes(shape, mask));
}

}  // namespace xgrad
