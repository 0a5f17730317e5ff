#pragma once
#include <xgrad/engine/random.hpp>
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// While training each element is 0 with probability p and else x / (1 - p), drawn from the stream; else a copy of x. p
/// outside [0, 1] is a ValueError. float32 or float64 (DTypeError).
Tensor dropout(const Operand& x, double p, Random& random, bool training = true);

}  // namespace xgrad
