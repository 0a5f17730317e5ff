#pragma once
// Plain arrays seen along one axis: (outer, n, inner) with that axis in the middle.
#include <xgrad/engine/internal/body.hpp>

namespace xgrad::detail {

struct Middle {
  i64 outer = 1, n = 1, inner = 1;
};
inline Middle middle(const Shape& shape, int axis) noexcept {
  Middle m;
  for (int i = 0; i < shape.rank(); ++i) (i < axis ? m.outer : i == axis ? m.n : m.inner) *= shape[i];
  return m;
}

/// to (outer, inner); float32, float64 or int64. max, min and argmax need n > 0.
void sum_along(DType dtype, const void* from, i64 outer, i64 n, i64 inner, void* to);
void max_along(DType dtype, const void* from, i64 outer, i64 n, i64 inner, void* to);
void min_along(DType dtype, const void* from, i64 outer, i64 n, i64 inner, void* to);
void argmax_along(DType dtype, const void* from, i64 outer, i64 n, i64 inner, void* to);

/// to[i] = from[i] in another dtype. Returns the first i that int64 cannot hold, or -1.
i64 convert(DType from_dtype, const void* from, DType to_dtype, void* to, i64 n);

}  // namespace xgrad::detail
