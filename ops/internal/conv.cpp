#include <xgrad/ops/internal/conv.hpp>

#include <xgrad/ops/add.hpp>
#include <xgrad/ops/im2col.hpp>
#include <xgrad/ops/internal/matmul.hpp>
#include <xgrad/ops/internal/windows.hpp>
#include <xgrad/ops/reshape.hpp>

namespace xgrad::detail {
namespace {

Tensor with_bias(const Call& call, const Tensor& y) {
  if (call.count() < 3) return y;
  const i64 channels = y.shape()[1];
  if (call.shape(2) != Shape{channels})
    call.fail<ShapeError>("bias is {}, expected ({},): weight is {}", describe(call.in(2)), channels,
                          describe(call.in(1)));
  return y + reshape(call.in(2), {1, channels, 1, 1});
}

/// (O, C, kernel) as (O, C, 1, kernel).
Tensor kernels(const Call& call, bool line) {
  const Tensor& w = call.in(1);
  const Shape& shape = w.shape();
  if (shape.rank() != (line ? 3 : 4))
    call.fail<ShapeError>("weight is {}, expected {} axes", describe(w), line ? 3 : 4);
  return line ? reshape(w, {shape[0], shape[1], 1, shape[2]}) : w;
}

void check_groups(const Call& call, i64 groups, i64 channels, const char* what) {
  if (groups < 1 || channels % groups != 0)
    call.fail<ValueError>("{} groups of {} {}: x is {}, weight is {}", groups, channels, what, to_string(call.shape(0)),
                          to_string(call.shape(1)));
}

}  // namespace

Tensor convolution(const Call& call, const ConvOptions& options, bool line) {
  call.floating();
  const CallScope scope(call);
  const Tensor x = as_batch(call, line, line ? "(N, C, L) or (C, L)" : "(N, C, H, W) or (C, H, W)");
  const Tensor weight = kernels(call, line);
  const i64 n = x.shape()[0], channels = x.shape()[1], out = weight.shape()[0], inside = weight.shape()[1],
            groups = options.groups;
  const Pair kernel(weight.shape()[2], weight.shape()[3]), extents(x.shape()[2], x.shape()[3]);
  Windows windows{kernel, options.stride, options.padding, options.dilation};
  if (line) windows.stride.h = windows.dilation.h = 1, windows.padding.h = 0;
  check_groups(call, groups, out, "kernels");
  if (inside > max_size / groups || inside * groups != channels)
    call.fail<ShapeError>("x has {} channels, weight takes {} in {} groups: x is {}, weight is {}", channels, inside,
                          groups, to_string(call.shape(0)), to_string(call.shape(1)));
  check_windows(call, windows, extents);
  const Pair count = windows.count(extents);
  const i64 length = inside * kernel.h * kernel.w;
  const Tensor columns = reshape(im2col(x, kernel, windows.stride, windows.padding, windows.dilation),
                                 {n, groups, length, count.h * count.w});
  const Tensor y = matmul(reshape(weight, {groups, out / groups, length}), false, columns, false);
  return as_given(call, with_bias(call, reshape(y, {n, out, count.h, count.w})), line);
}

Tensor transposed_convolution(const Call& call, const ConvOptions& options, Pair output_padding) {
  call.floating();
  const CallScope scope(call);
  const Tensor x = as_batch(call, false, "(N, C, H, W) or (C, H, W)");
  const Tensor weight = kernels(call, false);
  const i64 n = x.shape()[0], channels = x.shape()[1], inside = weight.shape()[1], groups = options.groups;
  const Pair kernel(weight.shape()[2], weight.shape()[3]), count(x.shape()[2], x.shape()[3]);
  const Windows windows{kernel, options.stride, options.padding, options.dilation};
  check_groups(call, groups, channels, "channels");
  if (weight.shape()[0] != channels)
    call.fail<ShapeError>("x has {} channels, weight takes {}: x is {}, weight is {}", channels, weight.shape()[0],
                          to_string(call.shape(0)), to_string(call.shape(1)));
  check_windows(call, windows, {max_size, max_size});
  const auto extent = [&](i64 windows_along, i64 k, i64 stride, i64 padding, i64 dilation, i64 more) {
    if (more < 0 || more >= std::max(stride, dilation))
      call.fail<ValueError>("output_padding is {}, expected 0 or more, less than stride or dilation", more);
    const i64 result = (windows_along - 1) * stride - 2 * padding + dilation * (k - 1) + more + 1;
    if (windows_along < 1 || result < 1)
      call.fail<ShapeError>("the result has extent {}: x is {}", result, describe(call.in(0)));
    return result;
  };
  const Pair output(
      extent(count.h, kernel.h, options.stride.h, options.padding.h, options.dilation.h, output_padding.h),
      extent(count.w, kernel.w, options.stride.w, options.padding.w, options.dilation.w, output_padding.w));
  const i64 length = inside * kernel.h * kernel.w;
  const Tensor columns = matmul(reshape(weight, {groups, channels / groups, length}), true,
                                reshape(x, {n, groups, channels / groups, count.h * count.w}), false);
  const Tensor parts = reshape(columns, {n, groups * inside, kernel.h, kernel.w, count.h, count.w});
  const Tensor y = folded(parts, windows, output);
  return as_given(call, with_bias(call, y), false);
}

}  // namespace xgrad::detail
