#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Eigenvalues (..., n), ascending, and the eigenvectors (..., n, n) that belong to them, in columns.
struct Eigh {
  Tensor values, vectors;
};

/// The eigenvalues and orthonormal eigenvectors of each symmetric matrix of x (..., n, n). Only the lower triangle of x
/// is read; the gradient is that of a symmetric matrix, and symmetric.
///     dx = v diag(g) v^T of the values,  v ((v^T g) F) v^T with F_ij = 1 / (w_j - w_i) of the vectors
/// The vectors' is nan or infinite where two values are the same. Each vector may as well be its negative: what is
/// computed from it should not depend on that. A matrix that is not square is a ShapeError; one that is not finite,
/// and one for which LAPACK does not converge, a ValueError.
Eigh eigh(const Operand& x);

}  // namespace xgrad
