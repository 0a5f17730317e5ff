#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The x of a x = b, a (..., n, n). b is a vector where it has one axis, or the axes of a without the last; else it is
/// (..., n, k). Axes in front are a batch, and broadcast.
///     db = solve(a^T, g),  da = -db x^T
/// float32 or float64, both the same (DTypeError). A matrix that is not square, and shapes that do not fit, are a
/// ShapeError, a singular a is a ValueError.
Tensor solve(const Operand& a, const Operand& b);

}  // namespace xgrad
