#pragma once
#include <xgrad/engine/tensor.hpp>
#include <xgrad/ops/reduction.hpp>

namespace xgrad {

/// The binary cross-entropy of p = sigmoid(input): -t log p - (1 - t) log(1 - p), computed without p, as
/// max(x, 0) - x t + log(1 + e^-|x|), so that no logit is too large.
///     d input = (p - t) g,  d target = -x g  (divided by the number of elements for the mean)
/// Both float32 or both float64 (DTypeError), and of one shape (ShapeError).
Tensor bce_with_logits(const Operand& input, const Operand& target, Reduction reduction = Reduction::mean);
/// The same with -log p of the positive class times `pos_weight`, which broadcasts to input (ShapeError).
Tensor bce_with_logits(const Operand& input, const Operand& target, const Operand& pos_weight,
                       Reduction reduction = Reduction::mean);

}  // namespace xgrad
