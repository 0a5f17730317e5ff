#include <xgrad/ops/pad.hpp>

#include <algorithm>

#include <xgrad/engine/internal/observe.hpp>
#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/pick.hpp>
#include <xgrad/ops/internal/view.hpp>
#include <xgrad/ops/reshape.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = put_op("pad");
const Op edge_op = pick_op("pad");

void check(const Call& call, const Padding* widths, std::size_t count, PadMode mode) {
  const Shape& shape = call.shape(0);
  if (count != static_cast<std::size_t>(shape.rank()))
    call.fail<ShapeError>("{} widths for {}, which has {} axes", count, describe(call.in(0)), shape.rank());
  for (int i = 0; i < shape.rank(); ++i) {
    const auto [before, after] = widths[i];
    if (before < 0 || after < 0)
      call.fail<ValueError>("widths {} and {} on axis {} of {}, expected 0 or more", before, after, i,
                            describe(call.in(0)));
    const i64 most = mode == PadMode::constant    ? max_size
                     : mode == PadMode::reflect   ? shape[i] - 1
                     : mode == PadMode::replicate ? (shape[i] == 0 ? 0 : max_size)
                                                  : shape[i];
    if (std::max(before, after) > most && before + after > 0)
      call.fail<ShapeError>("widths {} and {} on axis {} of {}: it has {} elements", before, after, i,
                            describe(call.in(0)), shape[i]);
  }
}

Shape padded(const Call& call, const Padding* widths) {
  Shape shape = call.shape(0);
  for (int i = 0; i < shape.rank(); ++i) shape[i] += widths[i].before + widths[i].after;
  if (shape.too_large()) call.fail<ShapeError>("the result {} would have more than 2^40 elements", to_string(shape));
  return shape;
}

/// Where element i of an axis of n comes from, -n < i < 2 n, or any i for replicate.
i64 source(i64 i, i64 n, PadMode mode) noexcept {
  if (mode == PadMode::replicate) return std::clamp<i64>(i, 0, n - 1);
  if (mode == PadMode::circular) return i < 0 ? i + n : i >= n ? i - n : i;
  return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
}

/// One axis at a time.
Tensor with_edges(Tensor x, const Padding* widths, PadMode mode) {
  for (int axis = 0; axis < x.rank(); ++axis) {
    const auto [before, after] = widths[axis];
    if (before == 0 && after == 0) continue;
    const Shape& whole = x.shape();
    const i64 n = whole[axis], wide = n + before + after, outer = Shape(whole.begin(), axis).size();
    Shape shape = whole;
    shape[axis] = wide;
    Output index(DType::int64, {outer * wide});
    auto* to = static_cast<i64*>(index.get());
    for (i64 o = 0; o < outer; ++o)
      for (i64 i = 0; i < wide; ++i) *to++ = o * n + source(i - before, n, mode);
    const i64 row = Shape(whole.begin() + axis + 1, whole.rank() - axis - 1).size();
    const Operand from(x);
    Call call(edge_op, from);
    x = pick(call, trace_constant(index.finish()), {whole, shape, row});
  }
  return x;
}

/// `value` where x has not been put, else 0.
Tensor border(const View& view, DType dtype, double value) {
  Tensor around = full(view.whole, value, dtype), inside = zeros(view.shape, dtype);
  copy_strided(dtype, view.shape, elements(inside), dense_strides(view.shape),
               static_cast<char*>(Access::body(around)->data) + view.offset * item_size(dtype), view.strides);
  return around;
}

}  // namespace

Tensor pad(const Operand& x, const Padding* widths, std::size_t count, PadMode mode, double value) {
  Call call(op, x);
  check(call, widths, count, mode);
  const Shape whole = padded(call, widths);
  const CallScope scope(call);
  if (whole.rank() == 0 || (mode != PadMode::constant && whole == call.shape(0))) return copy_of(call.in(0));
  if (mode != PadMode::constant) return with_edges(call.in(0), widths, mode);
  View view(whole);
  view.shape = call.shape(0);
  for (int i = 0; i < whole.rank(); ++i) view.offset += widths[i].before * view.strides[i];
  if (observed()) {
    Setting before = setting("before"), after = setting("after");
    for (std::size_t i = 0; i < count; ++i) {
      before.values.push_back(static_cast<double>(widths[i].before));
      after.values.push_back(static_cast<double>(widths[i].after));
    }
    note({before, after});
  }
  const Tensor y = put(call, view);
  return value == 0 ? y : y + border(view, y.dtype(), value);
}

Tensor pad(const Operand& x, std::initializer_list<Padding> widths, PadMode mode, double value) {
  return pad(x, widths.begin(), widths.size(), mode, value);
}

}  // namespace xgrad
