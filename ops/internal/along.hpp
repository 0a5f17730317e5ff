#pragma once
// The array kernels along one axis, by dtype, on several threads where there is enough to do: (outer, n, inner) is an
// array seen with that axis in the middle.
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

/// to (outer, inner) from from (outer, n, inner).
using Reducer = void (*)(DType dtype, const void* from, const Middle& m, void* to);
/// float32, float64 or int64; all but sum need n > 0.
void sum_along(DType dtype, const void* from, const Middle& m, void* to);
void max_along(DType dtype, const void* from, const Middle& m, void* to);
void min_along(DType dtype, const void* from, const Middle& m, void* to);
void argmax_along(DType dtype, const void* from, const Middle& m, void* to);
/// float32 or float64.
void logsumexp_along(DType dtype, const void* from, const Middle& m, void* to);

/// A tensor like x, computed along an axis; float32 or float64.
Tensor softmax_along(const Tensor& x, int axis);
Tensor log_softmax_along(const Tensor& x, int axis);
/// The derivatives of those, from their results y.
Tensor softmax_grad_along(const Tensor& g, const Tensor& y, int axis);
Tensor log_softmax_grad_along(const Tensor& g, const Tensor& y, int axis);

}  // namespace xgrad::detail
