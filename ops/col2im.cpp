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
  if (shape.rank() != 3 || shape[1] % (kernel.h * kernel.w) != 0 || shape[2] != h * w)
    call.fail<ShapeError>("argument 1 is {}, expected (N, C {} {}, {})", describe(call.in(0)), kernel.h, kernel.w,
                          h * w);
  const CallScope scope(call);
  const i64 channels = shape[1] / (kernel.h * kernel.w);
  return folded(reshape(call.in(0), {shape[0], channels, kernel.h, kernel.w, h, w}), windows, output);
}

}  // namespace xgrad
