#pragma once
// Optimizer updates, in place, each in one pass over its arrays.
#include <xgrad/engine/kernels/arch.hpp>

namespace xgrad::detail {

/// The numbers of one SGD update; momentum 0 means no velocity.
struct SgdStep {
  double lr, momentum, dampening, weight_decay;
  bool nesterov, first;
};
/// The numbers of one Adam update: the bias corrections are in lr and root_correction.
struct AdamStep {
  double lr, beta1, beta2, eps, weight_decay, shrink, root_correction;
};

/// For T = float or double.
template <class T> struct UpdateKernels {
  /// g += weight_decay w; v = momentum v + (1 - dampening) g, at first g; w -= lr v, or lr (g + momentum v).
  void (*sgd)(T* w, const T* g, T* velocity, std::int64_t n, const SgdStep& step);
  /// w *= shrink; g += weight_decay w; m += (1 - beta1)(g - m); v = beta2 v + (1 - beta2) g^2;
  /// w -= lr m / (sqrt(v) / root_correction + eps).
  void (*adam)(T* w, const T* g, T* m, T* v, std::int64_t n, const AdamStep& step);
};

template <class A> struct UpdateTable {
  static const UpdateKernels<float> float32;
  static const UpdateKernels<double> float64;
};
extern template struct UpdateTable<arch::sse2>;
#ifdef __x86_64__
extern template struct UpdateTable<arch::avx2>;
extern template struct UpdateTable<arch::avx512>;
#endif

}  // namespace xgrad::detail
