#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The factors of x = u diag(s) vt.
struct Svd {
  Tensor u, s, vt;
};

/// For each matrix of x (..., m, n), with k the smaller of m and n: u (..., m, k) with orthonormal columns, the
/// singular values s (..., k), descending, and vt (..., k, n) with orthonormal rows.
///     dx = u diag(g) vt of s,  (u (X - X^T) / E diag(s) + (g - u X) / s) vt with X = u^T g, E_ij = s_j^2 - s_i^2 of u
/// and the like of vt. Those of u and vt are nan or infinite where two singular values are the same, or one is 0 and
/// the matrix is not square. A column of u and its row of vt may as well be their negatives: what is computed from them
/// should not depend on that. A matrix that is not finite, and one for which LAPACK does not converge, is a ValueError.
Svd svd(const Operand& x);

}  // namespace xgrad
