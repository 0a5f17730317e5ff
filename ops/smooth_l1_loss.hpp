#pragma once
#include <xgrad/engine/tensor.hpp>
#include <xgrad/ops/reduction.hpp>

namespace xgrad {

/// d^2 / (2 beta) for |d| < beta, else |d| - beta / 2, with d = input - target; with beta 0 the absolute error. A
/// negative beta is a ValueError. Both float32 or both float64 (DTypeError), and of one shape (ShapeError).
Tensor smooth_l1_loss(const Operand& input, const Operand& target, Reduction reduction = Reduction::mean,
                      double beta = 1);

}  // namespace xgrad
