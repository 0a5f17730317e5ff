#pragma once
#include <xgrad/engine/tensor.hpp>
#include <xgrad/ops/reduction.hpp>

namespace xgrad {

/// d^2 / 2 for |d| <= delta, else delta (|d| - delta / 2), with d = input - target. A delta that is not above 0 is a
/// ValueError. Both float32 or both float64 (DTypeError), and of one shape (ShapeError).
Tensor huber_loss(const Operand& input, const Operand& target, Reduction reduction = Reduction::mean, double delta = 1);

}  // namespace xgrad
