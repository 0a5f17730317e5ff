#pragma once
// What nll_loss and cross_entropy share where it is not just a mean: weights, smoothing, labels that do not count.
#include <xgrad/engine/internal/op.hpp>
#include <xgrad/ops/reduction.hpp>

namespace xgrad::detail {

struct ClassLoss {
  Reduction reduction;
  Tensor weights;  // of the classes, or undefined
  double smoothing;
  i64 ignored;
};

/// The classes' axis of logits (N, C, d...), or (C).
int class_axis(const Call& call);
/// ShapeError or DTypeError unless there is one for each class.
void check_weights(const Call& call, const ClassLoss& form);

/// From logarithms of probabilities and the call's second argument, int64 labels.
Tensor loss_of_labels(const Call& call, const Tensor& log_p, const ClassLoss& form);
/// The same for a second argument of probabilities.
Tensor loss_of_probabilities(const Call& call, const Tensor& log_p, const ClassLoss& form);

}  // namespace xgrad::detail
