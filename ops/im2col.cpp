#include <xgrad/ops/im2col.hpp>

#include <xgrad/ops/internal/windows.hpp>
#include <xgrad/ops/reshape.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = view_op("im2col");

}  // namespace

Tensor im2col(const Operand& x, Pair kernel, Pair stride, Pair padding, Pair dilation) {
  const Call call(op, x);
  const Windows windows{kernel, stride, padding, dilation};
  const Shape& shape = call.shape(0);
  if (shape.rank() != 4) call.fail<ShapeError>("argument 1 is {}, expected (N, C, H, W)", describe(call.in(0)));
  check_windows(call, windows, {shape[2], shape[3]});
  const CallScope scope(call);
  const Tensor around = padded(call.in(0), windows, 0);
  const Operand from(around);
  Call inner(op, from);
  const Tensor parts = take(inner, windows_of(inner.shape(0), windows, windows.count({shape[2], shape[3]})));
  const Shape& p = parts.shape();
  return reshape(parts, {p[0], p[1] * p[2] * p[3], p[4] * p[5]});
}

}  // namespace xgrad
