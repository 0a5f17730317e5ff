#pragma once
// Windows that slide over the last two axes of (N, C, H, W): what convolution and pooling are made of. Axes may be
// missing: x is brought into this form first.
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/view.hpp>
#include <xgrad/ops/pair.hpp>

namespace xgrad::detail {

struct Windows {
  Pair kernel, stride = 1, padding = 0, dilation = 1;

  /// How many windows there are along the rows and the columns.
  Pair count(Pair extents) const noexcept;
};

/// ValueError or ShapeError unless every number makes sense, and a window fits into the padded extents.
void check_windows(const Call& call, const Windows& windows, Pair extents);
/// x (N, C, H, W) with `windows.padding` times `value` around it.
Tensor padded(const Tensor& x, const Windows& windows, double value);
/// The windows of a padded array (N, C, H, W): (N, C, kernel h, kernel w, windows h, windows w).
View windows_of(const Shape& padded, const Windows& windows, Pair count);
/// Such windows added up where they lie in (N, C, output h, output w) with its padding around, which then goes.
Tensor folded(const Tensor& parts, const Windows& windows, Pair output);

/// Of (N, C, H, W) or (C, H, W); `line`: of (N, C, L) or (C, L), one row.
struct Extents {
  i64 samples, channels;
  Pair plane;

  /// A shape like `given` of other planes.
  static Shape with(const Shape& given, i64 channels, Pair plane, bool line);
};
/// Those of argument i of the call; ShapeError where its axes are not those.
Extents extents(const Call& call, int i, bool line, const char* expected);

/// A batch of (C, H, W) has four axes; `line`: of (C, L), seen as (C, 1, L).
Tensor as_batch(const Call& call, bool line, const char* expected);
/// Without the axes that as_batch added to the call's argument.
Tensor as_given(const Call& call, const Tensor& y, bool line);

}  // namespace xgrad::detail
