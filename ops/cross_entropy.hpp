#pragma once
#include <xgrad/engine/tensor.hpp>
#include <xgrad/ops/reduction.hpp>

namespace xgrad {

/// How far the distribution softmax(logits) is from the target: -log p_label, or -sum of t_c log p_c.
///     d logits = p - target  (for each sample; divided by their number for the mean)
/// logits (N, C), or (C) for one sample, or (N, C, d...); target: int64 labels in [0, C) without the axis C, or
/// probabilities of the logits' shape and dtype, which have a derivative too. Reduction::none gives a loss for each
/// label. A label outside [0, C) is a ValueError, shapes that do not fit are a ShapeError, dtypes a DTypeError.
Tensor cross_entropy(const Operand& logits, const Operand& target, Reduction reduction = Reduction::mean);

/// PyTorch's: a weight (C) for each class; probabilities (1 - label_smoothing) target + label_smoothing / C; a label
/// that costs nothing. The mean over labels is weighted and leaves out those that do not count.
struct CrossEntropyOptions {
  Reduction reduction = Reduction::mean;
  Tensor class_weights = {};
  double label_smoothing = 0;
  std::int64_t ignored = -100;
};
Tensor cross_entropy(const Operand& logits, const Operand& target, const CrossEntropyOptions& options);

}  // namespace xgrad
