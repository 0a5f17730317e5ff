#pragma once
// Rows, or channels, taken to mean 0 and variance 1, and the way back. What a row takes stays in the nearest cache.
#include <xgrad/engine/kernels/arch.hpp>

namespace xgrad::detail {

/// An array (samples, channels, inner).
struct Channels {
  std::int64_t samples, channels, inner;
};
/// By channel, from `first` on `count`: y = (x - mean) scale weight + bias, and kept (2, channels) is mean and scale.
/// The running ones become (1 - momentum) old + momentum new, the variance n / (n - 1) times what x has. weight, bias
/// and running ones may be null.
template <class T> struct ChannelsForward {
  T *y, *kept;
  const T *x, *weight, *bias;
  T *running_mean, *running_var, eps, momentum;
};
/// The gradients, each may be null: that of x is set or, to `add`, added to.
template <class T> struct ChannelsGrad {
  T *grad_x, *grad_weight, *grad_bias;
  const T *g, *x, *kept, *weight;
  bool add;
};

/// For T = float or double, arrays (rows, n); weight and bias (n) or null.
template <class T> struct NormalizeKernels {
  /// y = (x - mean) scale weight + bias, where scale = 1 / sqrt(var + eps); each row's mean and scale are kept.
  void (*rows)(const T* x, const T* weight, const T* bias, T* y, T* kept, std::int64_t rows, std::int64_t n, T eps);
  /// The gradients: that of x, or null, is set or added to; those of weight and bias, or null, are added to.
  void (*rows_grad)(const T* g, const T* x, const T* weight, const T* kept, T* grad_x, bool add, T* grad_weight,
                    T* grad_bias, std::int64_t rows, std::int64_t n);
  void (*channels)(const Channels& shape, std::int64_t first, std::int64_t count, const ChannelsForward<T>& of);
  void (*channels_grad)(const Channels& shape, std::int64_t first, std::int64_t count, const ChannelsGrad<T>& of);
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
