#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The sums of products over axes of a and as many of b, one with the other; what is left of a, then of b. Extents that
/// differ are a ShapeError.
///     tensordot(a, b, 2)               // the last two axes of a with the first two of b
///     tensordot(a, b, {0, 2}, {1, 0})  // axis 0 of a with 1 of b, 2 of a with 0 of b
Tensor tensordot(const Operand& a, const Operand& b, int axes = 2);
Tensor tensordot(const Operand& a, const Operand& b, const Axes& a_axes, const Axes& b_axes);

}  // namespace xgrad
