#pragma once
// A step of an LSTM, element by element: all of it in one pass over its arrays.
#include <xgrad/engine/kernels/arch.hpp>

namespace xgrad::detail {

/// For T = float or double, arrays (rows, units), or (rows, 4 units) with the gates i, f, g, o side by side.
template <class T> struct LstmKernels {
  /// gates: the arguments of sigmoid (i, f, o) and tanh (g) become their values; c' = f c + i g; h' = o tanh(c').
  void (*step)(T* gates, const T* c, T* next_c, T* next_h, std::int64_t rows, std::int64_t units);
  /// From those values, and the gradients of h', from outside and from the step after, and c': those of the gates'
  /// arguments, and, in grad_c's place, of c.
  void (*step_grad)(const T* gates, const T* c, const T* next_c, const T* grad_h, const T* grad_h_after, T* grad_c,
                    T* grad_gates, std::int64_t rows, std::int64_t units);
};

template <class A> struct LstmTable {
  static const LstmKernels<float> float32;
  static const LstmKernels<double> float64;
};
extern template struct LstmTable<arch::sse2>;
#ifdef __x86_64__
extern template struct LstmTable<arch::avx2>;
extern template struct LstmTable<arch::avx512>;
#endif

}  // namespace xgrad::detail
