#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The inverse of each matrix, x (..., n, n). solve(a, b) is faster and more accurate than matmul(inv(a), b).
///     dx = -y^T g y^T
/// A matrix that is not square is a ShapeError, a singular one a ValueError.
Tensor inv(const Operand& x);

}  // namespace xgrad
