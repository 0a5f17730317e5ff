#pragma once
#include <xgrad/engine/tensor.hpp>
#include <xgrad/ops/reduction.hpp>

namespace xgrad {

/// The squared error (input - target)^2.
///     d input = 2 (input - target) g,  d target = -that  (divided by the number of elements for the mean)
/// Both float32 or both float64 (DTypeError), and of one shape (ShapeError).
Tensor mse_loss(const Operand& input, const Operand& target, Reduction reduction = Reduction::mean);

}  // namespace xgrad
