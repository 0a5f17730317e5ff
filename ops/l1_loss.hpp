#pragma once
#include <xgrad/engine/tensor.hpp>
#include <xgrad/ops/reduction.hpp>

namespace xgrad {

/// The absolute error |input - target|; its derivative at 0 is 0.
/// Both float32 or both float64 (DTypeError), and of one shape (ShapeError).
Tensor l1_loss(const Operand& input, const Operand& target, Reduction reduction = Reduction::mean);

}  // namespace xgrad
