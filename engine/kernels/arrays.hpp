#pragma once
// Kernels over whole arrays, dense and row-major. (outer, n, inner) is an array seen along one axis, the middle one.
// The order of every sum follows from the shape alone, and is the same for all instruction sets.
#include <xgrad/engine/kernels/arch.hpp>

namespace xgrad::detail {

using Size = std::int64_t;

/// For T = float or double.
template <class T> struct ArrayKernels {
  /// to[i] += from[i]
  void (*add)(T* to, const T* from, Size n);
  /// to[i] *= factor
  void (*scale)(T* to, T factor, Size n);

  /// to (outer, inner) = the sum over the middle axis, or += it. Blocked and pairwise: 1e7 float32 ones give 1e7.
  void (*sum)(const T* from, Size outer, Size n, Size inner, T* to, bool accumulate);
  /// The largest and smallest; nan where there is one. n > 0.
  void (*max)(const T* from, Size outer, Size n, Size inner, T* to);
  void (*min)(const T* from, Size outer, Size n, Size inner, T* to);
  /// Where the largest is; the first where there are several, or the first nan.
  void (*argmax)(const T* from, Size outer, Size n, Size inner, std::int64_t* to);

  /// Along the middle axis: e^x / sum e^x, its logarithm, and (to (outer, inner)) log(sum e^x); finite where x is.
  void (*softmax)(const T* from, Size outer, Size n, Size inner, T* to);
  void (*log_softmax)(const T* from, Size outer, Size n, Size inner, T* to);
  void (*logsumexp)(const T* from, Size outer, Size n, Size inner, T* to);
  /// Their derivatives from y: y (g - sum g y) and g - e^y sum g; to = them, or += them.
  void (*softmax_grad)(const T* g, const T* y, Size outer, Size n, Size inner, T* to, bool accumulate);
  void (*log_softmax_grad)(const T* g, const T* y, Size outer, Size n, Size inner, T* to, bool accumulate);

  /// With w (rows, columns), `stride` elements from row to row: to (columns) = w^T x, or += it;
  void (*transposed_times_vector)(const T* w, Size rows, Size columns, Size stride, const T* x, T* to, bool accumulate);
  /// to (rows) = w x, or += it.
  void (*times_vector)(const T* w, Size rows, Size columns, Size stride, const T* x, T* to, bool accumulate);
  /// w = a x y^T, and w += a x y^T.
  void (*outer)(T* w, Size rows, Size columns, Size stride, T a, const T* x, const T* y);
  void (*add_outer)(T* w, Size rows, Size columns, Size stride, T a, const T* x, const T* y);
};

/// For elements of 1, 4 or 8 bytes, which are moved as they are.
struct MoveKernels {
  /// to (columns, rows) = from (rows, columns) transposed; strides in elements from row to row.
  void (*transpose)(const void* from, Size rows, Size columns, Size from_stride, void* to, Size to_stride);
  /// Operand 1 to operand 0, along any strides: unlike those of elementwise kernels, the innermost need not be 0 or 1.
  void (*copy)(const Loop& loop, const void* from, void* to);
};

/// to[i] = from[i] in another dtype, as C++ converts; nan and what int64 cannot hold become its lowest number. Returns
/// the first i where that happened, or -1.
using ConvertKernel = Size (*)(const void* from, void* to, Size n);

/// Dtypes count from 0: float32, float64, int64, boolean.
struct ArrayTable {
  ArrayKernels<float> float32;
  ArrayKernels<double> float64;
  MoveKernels move[4];
  ConvertKernel convert[4][4];  // from, to

  template <class T> const ArrayKernels<T>& of() const noexcept {
    if constexpr (sizeof(T) == 4) return float32;
    else return float64;
  }
};

template <class A> struct ArrayTables { static const ArrayTable table; };
extern template struct ArrayTables<arch::sse2>;
#ifdef __x86_64__
extern template struct ArrayTables<arch::avx2>;
extern template struct ArrayTables<arch::avx512>;
#endif

inline constexpr const ArrayTable* array_tables[] = {
    &ArrayTables<arch::sse2>::table,
#ifdef __x86_64__
    &ArrayTables<arch::avx2>::table,
    &ArrayTables<arch::avx512>::table,
#endif
};

/// The kernels for T = float or double, and all of them, for the instruction set in use.
inline const ArrayTable& array_kernels() { return *array_tables[arch_index()]; }
template <class T> const ArrayKernels<T>& array_kernels() { return array_kernels().of<T>(); }

}  // namespace xgrad::detail
