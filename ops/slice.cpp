#include <xgrad/ops/slice.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/strided.hpp>

#include <algorithm>

namespace xgrad {
namespace {

using namespace detail;

/// The part of an array that a slice is: `shape` elements, `step` apart from `start` on, in each axis of the whole.
struct Part {
  Shape whole, shape;  // shape: with dropped axes as 1
  i64 start[max_rank], step[max_rank];
  AxisMask dropped;

  i64 offset(const Strides& strides) const noexcept {
    i64 sum = 0;
    for (int i = 0; i < whole.rank(); ++i) sum += start[i] * strides[i];
    return sum;
  }
  Strides strides(Strides of_whole) const noexcept {
    for (int i = 0; i < whole.rank(); ++i) of_whole[i] *= step[i];
    return of_whole;
  }
};

Tensor take(const Operand& x, const Part& part);
Tensor put_back(const Operand& g, const Part& part);

const Op op{.name = "slice", .vjp = [](Vjp& d) { d.add(0, put_back(d.grad(), d.attributes<Part>())); }};
const Op put_back_op{.name = "unslice", .vjp = [](Vjp& d) { d.add(0, take(d.grad(), d.attributes<Part>())); }};

/// numpy's rule for start:stop:step on an axis of n elements.
void set_range(Part& part, int axis, const Slice& slice) noexcept {
  const i64 n = part.whole[axis], step = slice.step, low = step > 0 ? 0 : -1, high = step > 0 ? n : n - 1;
  const auto position = [&](i64 p, i64 open) { return p == none ? open : std::clamp(p < 0 ? p + n : p, low, high); };
  const i64 start = position(slice.start, step > 0 ? low : high), stop = position(slice.stop, step > 0 ? high : low);
  const i64 length = step > 0 ? stop - start : start - stop, stride = step > 0 ? step : -step;
  part.shape[axis] = length > 0 ? (length - 1) / stride + 1 : 0;
  part.start[axis] = part.shape[axis] > 0 ? start : 0;
  part.step[axis] = step;
}

Part part_of(const Call& call, const Slice* slices, std::size_t count) {
  const Tensor& x = call.in(0);
  const Shape& whole = x.shape();
  if (count > static_cast<std::size_t>(whole.rank()))
    call.fail<ShapeError>("{} slices for {}, which has {} axes", count, describe(x), whole.rank());
  Part part{whole, whole, {}, {}, 0};
  for (int axis = 0; axis < whole.rank(); ++axis) {
    const Slice slice = static_cast<std::size_t>(axis) < count ? slices[axis] : Slice();
    if (slice.is_index) {
      const i64 index = slice.start < 0 ? slice.start + whole[axis] : slice.start;
      if (slice.start < -whole[axis] || index >= whole[axis])
        call.fail<ShapeError>("index {} on axis {} of {}, which has {} elements", slice.start, axis, describe(x),
                              whole[axis]);
      part.dropped |= 1u << axis;
      part.start[axis] = index;
      part.step[axis] = part.shape[axis] = 1;
    } else {
      if (slice.step == 0) call.fail<ValueError>("step 0 on axis {} of {}", axis, describe(x));
      set_range(part, axis, {slice.start, slice.stop, std::clamp<i64>(slice.step, -whole[axis] - 1, whole[axis] + 1)});
    }
  }
  return part;
}

Tensor take(Call& call, const Part& part) {
  const Tensor& x = call.in(0);
  const i64 item = item_size(x.dtype());
  const Strides whole = dense_strides(part.whole);
  Output out(x.dtype(), drop_axes(part.shape, part.dropped));
  copy_strided(x.dtype(), part.shape, static_cast<const char*>(elements(x)) + part.offset(whole) * item,
               part.strides(whole), out.get(), dense_strides(part.shape));
  return call.record(out.finish(), part);
}

Tensor take(const Operand& x, const Part& part) {
  Call call(op, x);
  return take(call, part);
}

Tensor put_back(const Operand& g, const Part& part) {
  Call call(put_back_op, g);
  const Tensor& x = call.in(0);
  const i64 item = item_size(x.dtype());
  const Strides whole = dense_strides(part.whole);
  Output out(x.dtype(), part.whole);
  std::memset(out.get(), 0, static_cast<std::size_t>(part.whole.size() * item));
  copy_strided(x.dtype(), part.shape, elements(x), dense_strides(part.shape),
               static_cast<char*>(out.get()) + part.offset(whole) * item, part.strides(whole));
  return call.record(out.finish(), part);
}

}  // namespace

Tensor slice(const Operand& x, const Slice* first, std::size_t count) {
  Call call(op, x);
  return take(call, part_of(call, first, count));
}

Tensor slice(const Operand& x, std::initializer_list<Slice> slices) { return slice(x, slices.begin(), slices.size()); }

}  // namespace xgrad
