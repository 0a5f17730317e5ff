#pragma once
// Axes as operations use them: checked, counted from the front, as bits.
#include <xgrad/engine/internal/op.hpp>

namespace xgrad::detail {

/// Bit i is axis i.
using AxisMask = u32;
constexpr bool has(AxisMask mask, int axis) noexcept { return mask >> axis & 1; }

/// An axis of a tensor with `rank` axes, from the front; ShapeError where it has none such.
int normal_axis(const Call& call, int axis, int rank);
/// The same for a choice of axes; one named twice is a ShapeError.
AxisMask normal_axes(const Call& call, const Axes& axes, int rank);

/// `shape` with the extents of the axes in `mask` 1, or those axes left out.
Shape keep_axes(const Shape& shape, AxisMask mask) noexcept;
Shape drop_axes(const Shape& shape, AxisMask mask);

/// `(0, 2)`: where element number `index` of an array is.
std::string position(const Shape& shape, i64 index);

/// The dtype all inputs have; DTypeError otherwise.
DType same_dtype(const Call& call);
/// The same for two of them.
DType same_dtypes(const Call& call, int first, int second);

/// An op made of others opens one, and they all belong to its caller's line.
class CallScope : SiteScope {
 public:
  explicit CallScope(const Call& call) noexcept : SiteScope(call.name(), effective(call.site())) {}
};

}  // namespace xgrad::detail
