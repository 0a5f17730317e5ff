#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The elements of x where the mask is set, in order, as a vector; numpy's x[mask] for a mask of x's shape. The boolean
/// mask (DTypeError) is broadcast with x (ShapeError).
Tensor masked_select(const Operand& x, const Operand& mask);

}  // namespace xgrad
