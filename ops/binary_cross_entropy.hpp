#pragma once
#include <xgrad/engine/tensor.hpp>
#include <xgrad/ops/reduction.hpp>

namespace xgrad {

/// -(t log p + (1 - t) log(1 - p)) of probabilities p, each logarithm kept above -100 as in PyTorch; bce_with_logits is
/// the exact way. A probability outside [0, 1] is a ValueError. Both float32 or both float64 (DTypeError), and of one
/// shape (ShapeError).
Tensor binary_cross_entropy(const Operand& input, const Operand& target, Reduction reduction = Reduction::mean);

}  // namespace xgrad
