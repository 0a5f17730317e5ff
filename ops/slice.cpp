#include <xgrad/ops/slice.hpp>

#include <xgrad/ops/internal/view.hpp>

#include <algorithm>

namespace xgrad {
namespace {

using namespace detail;

const Op op = view_op("slice");

/// Adds an axis of n elements, `stride` apart, by numpy's rule for start:stop:step.
void add_range(View& view, i64 n, i64 stride, const Slice& slice) {
  const i64 step = std::clamp(slice.step, -n - 1, n + 1), low = step > 0 ? 0 : -1, high = step > 0 ? n : n - 1;
  const auto position = [&](i64 p, i64 open) { return p == none ? open : std::clamp(p < 0 ? p + n : p, low, high); };
  const i64 start = position(slice.start, step > 0 ? low : high), stop = position(slice.stop, step > 0 ? high : low);
  const i64 length = step > 0 ? stop - start : start - stop;
  const i64 extent = length > 0 ? (length - 1) / std::abs(step) + 1 : 0;
  if (extent > 0) view.offset += start * stride;
  view.add_axis(extent, step * stride);
}

View view_of(const Call& call, const Slice* slices, std::size_t count) {
  const Tensor& x = call.in(0);
  const Shape& whole = x.shape();
  const Strides strides = dense_strides(whole);
  if (count > static_cast<std::size_t>(whole.rank()))
    call.fail<ShapeError>("{} slices for {}, one for each axis at most; a range is written {{{{1, 3}}}}", count,
                          describe(x));
  View view(whole, 0);
  for (int axis = 0; axis < whole.rank(); ++axis) {
    const Slice slice = static_cast<std::size_t>(axis) < count ? slices[axis] : Slice();
    if (!slice.is_index) {
      if (slice.step == 0) call.fail<ValueError>("step 0 on axis {} of {}", axis, describe(x));
      add_range(view, whole[axis], strides[axis], slice);
      continue;
    }
    if (slice.start == none) call.fail<ValueError>("an index cannot be none; a range is written {{{{none, 1}}}}");
    const i64 index = slice.start < 0 ? slice.start + whole[axis] : slice.start;
    if (slice.start < -whole[axis] || index >= whole[axis])
      call.fail<ShapeError>("index {} on axis {} of {}, which has {} elements", slice.start, axis, describe(x),
                            whole[axis]);
    view.offset += index * strides[axis];
  }
  return view;
}

}  // namespace

Tensor slice(const Operand& x, const Slice* first, std::size_t count) {
  Call call(op, x);
  return take(call, view_of(call, first, count));
}

Tensor slice(const Operand& x, std::initializer_list<Slice> slices) { return slice(x, slices.begin(), slices.size()); }

}  // namespace xgrad
