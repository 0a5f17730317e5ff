#pragma once
// Factorizations of one matrix each, float or double, by the LAPACK in the BLAS, one thread to a call. Matrices are
// dense and row-major, without extents of 0; the bits do not depend on the thread count.
#include <xgrad/engine/internal/body.hpp>

namespace xgrad::detail {

/// The largest extent that leaves LAPACK's own sizes of work space in an int.
inline constexpr i64 max_lapack_extent = 23'000;

template <class T> struct Lapack {
  /// a (n, n) becomes factors: U and L of its transpose. False where U has a 0 on its diagonal: a is singular.
  static bool lu(i64 n, T* a, int* pivots);
  /// b (n, k) becomes the x of a x = b, or of a^T x = b, from lu's factors of a.
  static void lu_solve(bool transposed, i64 n, i64 k, const T* factors, const int* pivots, T* b);
  /// The inverse of a (n, n), from its factors.
  static void lu_inverse(i64 n, const T* factors, const int* pivots, T* inverse);
  /// The lower triangle of a (n, n) becomes the l of a = l l^T; what is above is not read. False where there is none.
  static bool cholesky(i64 n, T* a);
  /// q (m, k) and r (k, n) of a (m, n), k the smaller extent.
  static void qr(i64 m, i64 n, const T* a, T* q, T* r);
  /// a (n, n) becomes its eigenvectors, in columns; reads its lower triangle. False if it does not converge.
  static bool eigh(i64 n, T* a, T* values);
  /// u (m, k), s (k) and vt (k, n) of a (m, n), which is overwritten. False if it does not converge.
  static bool svd(i64 m, i64 n, T* a, T* u, T* s, T* vt);
};

}  // namespace xgrad::detail
