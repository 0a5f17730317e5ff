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
  const CallScope scope(call);
  const Tensor batch = as_batch(call, false, "(N, C, H, W) or (C, H, W)");
  const Shape& shape = batch.shape();
  check_windows(call, windows, {shape[2], shape[3]});
  const Tensor around = padded(batch, windows, 0);
  const Operand from(around);
  Call inner(op, from);
  const Tensor parts = take(inner, windows_of(inner.shape(0), windows, windows.count({shape[2], shape[3]})));
  const Shape& p = parts.shape();
  const i64 rows = p[1] * p[2] * p[3], columns = p[4] * p[5];
  return reshape(parts, call.shape(0).rank() == 3 ? Shape{rows, columns} : Shape{p[0], rows, columns});
}

}  // namespace xgrad
