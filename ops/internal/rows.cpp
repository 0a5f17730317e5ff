#include <xgrad/ops/internal/rows.hpp>

#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/ops/internal/strided.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace xgrad::detail {
namespace {

void run(RowKernel kernel, DType dtype, const void* a, const void* b, i64 rows, i64 n, void* y) {
  constexpr i64 tile = 16 * 1024;  // elements
  const i64 item = item_size(dtype), step = std::max<i64>(1, tile / std::max<i64>(1, n));
  parallel_for((rows + step - 1) / step, [&](i64 part) {
    const i64 offset = part * step * n * item;
    kernel(dtype, static_cast<const char*>(a) + offset, b ? static_cast<const char*>(b) + offset : nullptr,
           std::min(step, rows - part * step), n, static_cast<char*>(y) + offset);
  });
}

template <class T, class F> void each_row(const void* a, const void* b, i64 rows, i64 n, void* y, F&& f) {
  const T *from = static_cast<const T*>(a), *other = static_cast<const T*>(b);
  T* to = static_cast<T*>(y);
  for (i64 row = 0; row < rows; ++row) f(from + row * n, b ? other + row * n : nullptr, to + row * n);
}

template <class F> void each_row(DType dtype, const void* a, const void* b, i64 rows, i64 n, void* y, F&& f) {
  if (dtype == DType::float32)
    each_row<float>(a, b, rows, n, y, f);
  else
    each_row<double>(a, b, rows, n, y, f);
}

}  // namespace

// Lines along another axis than the last are copied together first, and back afterwards.
Tensor map_rows(RowKernel kernel, const Tensor& a, const Tensor* b, int axis) {
  const DType dtype = a.dtype();
  const Shape& shape = a.shape();
  const i64 n = shape[axis], rows = n == 0 ? 0 : shape.size() / n, item = item_size(dtype);
  Output out(dtype, shape);
  if (axis == shape.rank() - 1) {
    run(kernel, dtype, elements(a), b ? elements(*b) : nullptr, rows, n, out.get());
    return out.finish();
  }
  Shape moved = shape;
  Strides there = dense_strides(shape);
  std::rotate(&moved[axis], &moved[axis] + 1, &moved[0] + shape.rank());
  std::rotate(there.of + axis, there.of + axis + 1, there.of + shape.rank());
  const Strides here = dense_strides(moved);
  const auto gather = [&](const Tensor& x) {
    Tensor lines = new_array(dtype, moved);
    copy_strided(item, moved, elements(x), there, Access::body(lines)->data, here);
    return lines;
  };
  const Tensor line_a = gather(a), line_b = b ? gather(*b) : Tensor(), result = new_array(dtype, moved);
  run(kernel, dtype, elements(line_a), b ? elements(line_b) : nullptr, rows, n, Access::body(result)->data);
  copy_strided(item, moved, elements(result), here, out.get(), there);
  return out.finish();
}

void softmax_rows(DType dtype, const void* a, const void*, i64 rows, i64 n, void* out) {
  each_row(dtype, a, nullptr, rows, n, out, [n]<class T>(const T* x, const T*, T* y) {
    const T top = *std::max_element(x, x + n);
    T sum = 0;
    for (i64 i = 0; i < n; ++i) sum += y[i] = std::exp(x[i] - top);
    for (i64 i = 0; i < n; ++i) y[i] /= sum;
  });
}

void log_softmax_rows(DType dtype, const void* a, const void*, i64 rows, i64 n, void* out) {
  each_row(dtype, a, nullptr, rows, n, out, [n]<class T>(const T* x, const T*, T* y) {
    const T top = *std::max_element(x, x + n);
    T sum = 0;
    for (i64 i = 0; i < n; ++i) sum += std::exp(x[i] - top);
    const T log_sum = std::log(sum);
    for (i64 i = 0; i < n; ++i) y[i] = x[i] - top - log_sum;
  });
}

void softmax_grad_rows(DType dtype, const void* a, const void* b, i64 rows, i64 n, void* out) {
  each_row(dtype, a, b, rows, n, out, [n]<class T>(const T* g, const T* y, T* dx) {
    T sum = 0;
    for (i64 i = 0; i < n; ++i) sum += g[i] * y[i];
    for (i64 i = 0; i < n; ++i) dx[i] = y[i] * (g[i] - sum);
  });
}

void log_softmax_grad_rows(DType dtype, const void* a, const void* b, i64 rows, i64 n, void* out) {
  each_row(dtype, a, b, rows, n, out, [n]<class T>(const T* g, const T* y, T* dx) {
    T sum = 0;
    for (i64 i = 0; i < n; ++i) sum += g[i];
    for (i64 i = 0; i < n; ++i) dx[i] = g[i] - std::exp(y[i]) * sum;
  });
}

}  // namespace xgrad::detail
