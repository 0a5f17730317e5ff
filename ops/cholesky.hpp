#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The lower triangular l with a positive diagonal of x = l l^T, for each symmetric positive definite matrix of x
/// (..., n, n). Only the lower triangle of x is read; the gradient is that of a symmetric matrix, and symmetric.
/// A matrix that is not square is a ShapeError, one that is not positive definite a ValueError.
Tensor cholesky(const Operand& x);

}  // namespace xgrad
