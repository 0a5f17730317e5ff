#pragma once
#include <xgrad/engine/tensor.hpp>
#include <xgrad/ops/reduction.hpp>

namespace xgrad {

/// The divergence of the distribution exp(input) from the target, t (log t - input), 0 where t is 0; with log_target
/// the target is log t. Reduction::batchmean is the one of the formula. Both float32 or both float64 (DTypeError), and
/// of one shape (ShapeError).
Tensor kl_div(const Operand& input, const Operand& target, Reduction reduction = Reduction::mean,
              bool log_target = false);

}  // namespace xgrad
