#pragma once
// Products of matrices: both factors are cut into panels as wide as what a kernel holds in registers, laid out in the
// order in which it reads them.
#include <xgrad/engine/kernels/arch.hpp>

namespace xgrad::detail {

using Size = std::int64_t;

/// Where a kernel finds line i of a factor (a row of a, a column of b) at step l of the sum.
template <class T> struct Factor {
  const T* at;
  Size line, step;  ///< in elements; one of them is 1 unless the factor is packed
};

/// c (m, n) = a b, or c += a b, plus `bias` (n) for each row if there is one.
template <class T> struct Block {
  Size m, n, k;
  Factor<T> a;
  bool a_packed;
  const T* b;
  Size b_step;  ///< 0: b is packed; else from one step of it to the next, and n is a multiple of `vector`
  T* c;
  Size ldc;
  const T* bias;
  bool accumulate;
};

/// For T = float or double.
template <class T> struct ProductKernels {
  /// The widths of panels of a and of b. The last one of b is only as many times `vector` wide as it takes.
  Size rows, columns, vector;
  /// Panel after panel: line i of one, at step l, goes to l * width + i, lines past the last are zeros.
  void (*pack_a)(Factor<T> from, Size lines, Size k, T* to);
  void (*pack_b)(Factor<T> from, Size lines, Size k, T* to);
  void (*multiply)(const Block<T>& block);
};

struct ProductTable {
  ProductKernels<float> float32;
  ProductKernels<double> float64;
};

template <class A> struct ProductTables { static const ProductTable table; };
extern template struct ProductTables<arch::sse2>;
#ifdef __x86_64__
extern template struct ProductTables<arch::avx2>;
extern template struct ProductTables<arch::avx512>;
#endif

inline constexpr const ProductTable* product_tables[] = {
    &ProductTables<arch::sse2>::table,
#ifdef __x86_64__
    &ProductTables<arch::avx2>::table,
    &ProductTables<arch::avx512>::table,
#endif
};

/// The kernels for T = float or double, for the instruction set in use.
template <class T> const ProductKernels<T>& product_kernels() {
  const ProductTable& table = *product_tables[arch_index()];
  if constexpr (sizeof(T) == 4) return table.float32;
  else return table.float64;
}

}  // namespace xgrad::detail
