#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The sum of the products of two vectors, as a 0-d tensor. Two vectors of one length (ShapeError), both float32 or
/// both float64 (DTypeError).
Tensor dot(const Operand& a, const Operand& b);

}  // namespace xgrad
