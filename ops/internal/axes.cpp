#include <xgrad/ops/internal/axes.hpp>

namespace xgrad::detail {

int normal_axis(const Call& call, int axis, int rank) {
  if (rank == 0) call.fail<ShapeError>("axis {} of {}, which has none", axis, describe(call.in(0)));
  if (axis < -rank || axis >= rank)
    call.fail<ShapeError>("axis {} for {}, expected {} to {}", axis, describe(call.in(0)), -rank, rank - 1);
  return axis < 0 ? axis + rank : axis;
}

AxisMask normal_axes(const Call& call, const Axes& axes, int rank) {
  if (axes.all()) return (1u << rank) - 1;
  AxisMask mask = 0;
  for (int i = 0; i < axes.count(); ++i) {
    const AxisMask bit = 1u << normal_axis(call, axes[i], rank);
    if (mask & bit) call.fail<ShapeError>("axis {} is named twice, the argument is {}", axes[i], describe(call.in(0)));
    mask |= bit;
  }
  return mask;
}

Shape keep_axes(const Shape& shape, AxisMask mask) noexcept {
  Shape kept = shape;
  for (int i = 0; i < shape.rank(); ++i)
    if (has(mask, i)) kept[i] = 1;
  return kept;
}

Shape drop_axes(const Shape& shape, AxisMask mask) {
  Shape rest;
  for (int i = 0; i < shape.rank(); ++i)
    if (!has(mask, i)) rest.push_back(shape[i]);
  return rest;
}

DType same_dtypes(const Call& call, int first, int second) {
  const DType dtype = call.in(first).dtype();
  if (call.in(second).dtype() != dtype)
    call.fail<DTypeError>("dtypes differ: argument {} is {}, argument {} is {}; convert one with to(x, dtype)",
                          first + 1, describe(call.in(first)), second + 1, describe(call.in(second)));
  return dtype;
}

DType same_dtype(const Call& call) {
  for (int i = 1; i < call.count(); ++i) same_dtypes(call, 0, i);
  return call.in(0).dtype();
}

std::string position(const Shape& shape, i64 index) {
  Shape at = shape;
  for (int axis = shape.rank(); axis-- > 0; index /= shape[axis]) at[axis] = index % shape[axis];
  return to_string(at);
}

}  // namespace xgrad::detail
