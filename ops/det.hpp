#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The determinant of each matrix, x (..., n, n); of (0, 0) it is 1. Of many rows it soon leaves the range of its
/// dtype: slogdet() does not.
///     dx = g y x^-T: g times the cofactors
/// Where a determinant is 0, the cofactors are taken from the minors, which is right for a singular matrix too, in
/// every order; of more than 32 rows, a singular matrix is a ValueError in the derivative. A matrix that is not square
/// is a ShapeError.
Tensor det(const Operand& x);

}  // namespace xgrad
