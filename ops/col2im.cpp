#include <xgrad/ops/col2im.hpp>

#include <xgrad/ops/internal/windows.hpp>
#include <xgrad/ops/reshape.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "col2im"};

}  // namespace

Tensor col2im(const Operand& columns, Pair output, Pair kernel, Pair stride, Pair padding, Pair dilation) {
  const Call call(op, columns);
  const Windows windows{kernel, stride, padding, dilation};
  const Shape& shape = call.shape(0);
  if (output.h < 0 || output.w < 0 || std::max(output.h, output.w) > max_size)
    call.fail<ValueError>("output_size is ({}, {})", output.h, output.w);
  check_windows(call, windows, output);
  const auto [h, w] = windows.count(output);
  const int last = shape.rank() - 1;
  if ((last != 1 && last != 2) || shape[last - 1] % (kernel.h * kernel.w) != 0 || shape[last] != h * w)
    call.fail<ShapeError>("argument 1 is {}, expected (N, C {} {}, {}), or without N", describe(call.in(0)), kernel.h,
                          kernel.w, h * w);
  const CallScope scope(call);
  const i64 samples = last == 2 ? shape[0] : 1, channels = shape[last - 1] / (kernel.h * kernel.w);
  const Tensor y = folded(reshape(call.in(0), {samples, channels, kernel.h, kernel.w, h, w}), windows, output);
  return last == 2 ? y : reshape(y, {channels, output.h, output.w});
}

}  // namespace xgrad
