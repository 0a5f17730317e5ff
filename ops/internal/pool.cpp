#include <xgrad/ops/internal/pool.hpp>

#include <limits>

#include <xgrad/ops/argmax.hpp>
#include <xgrad/ops/div.hpp>
#include <xgrad/ops/gather.hpp>
#include <xgrad/ops/im2col.hpp>
#include <xgrad/ops/internal/matmul.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/mean.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/to.hpp>

namespace xgrad::detail {
namespace {

/// (N, C, places in a window, windows), with `value` for padding.
struct Pooled {
  Tensor parts;
  Shape shape;  // of the result
};

Pooled parts_of(const Call& call, const Tensor& x, const Windows& windows, double value) {
  const Shape& shape = x.shape();
  check_windows(call, windows, {shape[2], shape[3]});
  if (2 * windows.padding.h > windows.kernel.h || 2 * windows.padding.w > windows.kernel.w)
    call.fail<ValueError>("padding ({}, {}) is more than half of the kernel ({}, {})", windows.padding.h,
                          windows.padding.w, windows.kernel.h, windows.kernel.w);
  const auto [h, w] = windows.count({shape[2], shape[3]});
  const Tensor columns = im2col(padded(x, windows, value), windows.kernel, windows.stride, 0, windows.dilation);
  return {reshape(columns, {shape[0], shape[1], windows.kernel.h * windows.kernel.w, h * w}),
          {shape[0], shape[1], h, w}};
}

const char* expected(bool line) noexcept { return line ? "(N, C, L) or (C, L)" : "(N, C, H, W) or (C, H, W)"; }

/// (parts, n): row i takes the mean over its part.
Tensor means(i64 n, i64 parts, DType dtype) {
  Tensor matrix = zeros({parts, n}, DType::float64);
  auto* to = static_cast<double*>(Access::body(matrix)->data);
  for (i64 i = 0; i < parts; ++i) {
    const i64 begin = i * n / parts, end = ((i + 1) * n + parts - 1) / parts;
    for (i64 k = begin; k < end; ++k) to[i * n + k] = 1 / static_cast<double>(end - begin);
  }
  return xgrad::to(matrix, dtype);
}

}  // namespace

Tensor max_pool(const Call& call, Windows windows, bool line) {
  call.floating();
  const CallScope scope(call);
  const Tensor x = as_batch(call, line, expected(line));
  const Pooled pooled = parts_of(call, x, windows, -std::numeric_limits<double>::infinity());
  const Tensor largest = argmax(pooled.parts, 2, true);
  return as_given(call, reshape(gather(pooled.parts, 2, largest), pooled.shape), line);
}

Tensor avg_pool(const Call& call, Windows windows, bool line, bool count_padding) {
  call.floating();
  const CallScope scope(call);
  const Tensor x = as_batch(call, line, expected(line));
  const Pooled pooled = parts_of(call, x, windows, 0);
  Tensor y = mean(pooled.parts, 2);
  if (!count_padding && (windows.padding.h > 0 || windows.padding.w > 0)) {
    const Tensor inside = ones({1, 1, x.shape()[2], x.shape()[3]}, x.dtype());
    y = y / mean(parts_of(call, inside, windows, 0).parts, 2);
  }
  return as_given(call, reshape(y, pooled.shape), line);
}

Tensor adaptive_avg_pool(const Call& call, Pair output, bool line) {
  const DType dtype = call.floating();
  if (output.h < 1 || output.w < 1 || std::max(output.h, output.w) > max_size)
    call.fail<ValueError>("output_size is ({}, {}), expected 1 or more", output.h, output.w);
  const CallScope scope(call);
  const Tensor x = as_batch(call, line, expected(line));
  const i64 h = x.shape()[2], w = x.shape()[3];
  if (h == 0 || w == 0)
    call.fail<ShapeError>("argument 1 is {}, expected elements to take means of", describe(call.in(0)));
  const Tensor columns = matmul(x, false, means(w, output.w, dtype), true);
  return as_given(call, matmul(means(h, output.h, dtype), columns), line);
}

}  // namespace xgrad::detail
