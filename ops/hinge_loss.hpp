#pragma once
#include <xgrad/engine/tensor.hpp>
#include <xgrad/ops/reduction.hpp>

namespace xgrad {

/// max(0, 1 - target input), for targets of 1 and -1. Both float32 or both float64 (DTypeError), and of one shape
/// (ShapeError).
Tensor hinge_loss(const Operand& input, const Operand& target, Reduction reduction = Reduction::mean);

}  // namespace xgrad
