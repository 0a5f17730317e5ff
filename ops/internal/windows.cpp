#include <xgrad/ops/internal/windows.hpp>

#include <xgrad/ops/pad.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/slice.hpp>

namespace xgrad::detail {
namespace {

const Op op = put_op("col2im");

constexpr i64 reach(i64 kernel, i64 dilation) noexcept { return dilation * (kernel - 1) + 1; }
constexpr i64 fitting(i64 n, i64 kernel, i64 stride, i64 padding, i64 dilation) noexcept {
  return (n + 2 * padding - reach(kernel, dilation)) / stride + 1;
}

}  // namespace

Pair Windows::count(Pair extents) const noexcept {
  return {fitting(extents.h, kernel.h, stride.h, padding.h, dilation.h),
          fitting(extents.w, kernel.w, stride.w, padding.w, dilation.w)};
}

void check_windows(const Call& call, const Windows& windows, Pair extents) {
  const auto check = [&](const char* what, Pair p, i64 least) {
    if (std::min(p.h, p.w) < least || std::max(p.h, p.w) > max_size)
      call.fail<ValueError>("{} is ({}, {}), expected {} or more", what, p.h, p.w, least);
  };
  check("kernel_size", windows.kernel, 1);
  check("stride", windows.stride, 1);
  check("padding", windows.padding, 0);
  check("dilation", windows.dilation, 1);
  const auto fits = [](i64 n, i64 kernel, i64 padding, i64 dilation) {
    return (kernel - 1) <= (n + 2 * padding - 1) / dilation && n + 2 * padding > 0;
  };
  if (!fits(extents.h, windows.kernel.h, windows.padding.h, windows.dilation.h) ||
      !fits(extents.w, windows.kernel.w, windows.padding.w, windows.dilation.w))
    call.fail<ShapeError>("a kernel of ({}, {}) does not fit into {}", windows.kernel.h, windows.kernel.w,
                          describe(call.in(0)));
}

Tensor padded(const Tensor& x, const Windows& windows, double value) {
  const auto [h, w] = windows.padding;
  return h == 0 && w == 0 ? x : pad(x, {{}, {}, {h, h}, {w, w}}, PadMode::constant, value);
}

View windows_of(const Shape& padded, const Windows& windows, Pair count) {
  const Strides strides = dense_strides(padded);
  View view(padded, 0);
  view.add_axis(padded[0], strides[0]);
  view.add_axis(padded[1], strides[1]);
  view.add_axis(windows.kernel.h, windows.dilation.h * strides[2]);
  view.add_axis(windows.kernel.w, windows.dilation.w * strides[3]);
  view.add_axis(count.h, windows.stride.h * strides[2]);
  view.add_axis(count.w, windows.stride.w * strides[3]);
  return view;
}

Tensor folded(const Tensor& parts, const Windows& windows, Pair output) {
  const auto [h, w] = windows.padding;
  const Shape& shape = parts.shape();
  const Shape whole{shape[0], shape[1], output.h + 2 * h, output.w + 2 * w};
  const Operand from(parts);
  Call call(op, from);
  const Tensor y = put(call, windows_of(whole, windows, {shape[4], shape[5]}));
  return h == 0 && w == 0 ? y : slice(y, {{}, {}, {h, h + output.h}, {w, w + output.w}});
}

Shape Extents::with(const Shape& given, i64 channels, Pair plane, bool line) {
  Shape shape(given.begin(), given.rank() - (line ? 2 : 3));
  shape.push_back(channels);
  if (!line) shape.push_back(plane.h);
  shape.push_back(plane.w);
  return shape;
}

Extents extents(const Call& call, int i, bool line, const char* expected) {
  const Shape& shape = call.shape(i);
  const int axes = line ? 2 : 3, rank = shape.rank();
  if (rank != axes && rank != axes + 1)
    call.fail<ShapeError>("argument {} is {}, expected {}", i + 1, describe(call.in(i)), expected);
  return {rank == axes ? 1 : shape[0], shape[rank - axes], {line ? 1 : shape[rank - 2], shape[rank - 1]}};
}

Tensor as_batch(const Call& call, bool line, const char* expected) {
  const Extents x = extents(call, 0, line, expected);
  const Shape batch{x.samples, x.channels, x.plane.h, x.plane.w};
  return batch == call.shape(0) ? call.in(0) : reshape(call.in(0), batch);
}

Tensor as_given(const Call& call, const Tensor& y, bool line) {
  Shape shape;
  const bool one = call.shape(0).rank() == (line ? 2 : 3);
  for (int i = one ? 1 : 0; i < 4; ++i)
    if (!line || i != 2) shape.push_back(y.shape()[i]);
  return shape == y.shape() ? y : reshape(y, shape);
}

}  // namespace xgrad::detail
