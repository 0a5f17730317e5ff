#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// A determinant as sign e^logabsdet.
struct Slogdet {
  Tensor sign, logabsdet;
};

/// The determinant of each matrix, x (..., n, n), as its sign, which has no derivative, and the logarithm of its
/// absolute value: 0 and -inf for a singular matrix.
///     dx = g x^-T
/// which a singular matrix does not have: a ValueError. A matrix that is not square is a ShapeError.
Slogdet slogdet(const Operand& x);

}  // namespace xgrad
