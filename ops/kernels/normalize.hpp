#pragma once
// Rows taken to mean 0 and variance 1, and the way back, each in one pass over memory.
#include <xgrad/engine/kernels/arch.hpp>

namespace xgrad::detail {

/// For T = float or double, arrays (rows, n); weight and bias (n) or null.
template <class T> struct NormalizeKernels {
  /// y = (x - mean) scale weight + bias, where scale = 1 / sqrt(var + eps); each row's mean and scale are kept.
  void (*rows)(const T* x, const T* weight, const T* bias, T* y, T* kept, std::int64_t rows, std::int64_t n, T eps);
  /// The gradients: that of x, or null, is set or added to; those of weight and bias, or null, are added to.
  void (*rows_grad)(const T* g, const T* x, const T* weight, const T* kept, T* grad_x, bool add, T* grad_weight,
                    T* grad_bias, std::int64_t rows, std::int64_t n);
};

template <class A> struct NormalizeTable {
  static const NormalizeKernels<float> float32;
  static const NormalizeKernels<double> float64;
};
extern template struct NormalizeTable<arch::sse2>;
#ifdef __x86_64__
extern template struct NormalizeTable<arch::avx2>;
extern template struct NormalizeTable<arch::avx512>;
#endif

}  // namespace xgrad::detail
