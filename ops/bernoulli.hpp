#pragma once
#include <xgrad/engine/random.hpp>
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// 1 with the probability that the element of p is, else 0, in p's dtype. No derivative. float32 or float64
/// (DTypeError); an element outside [0, 1] is a ValueError.
Tensor bernoulli(Random& random, const Operand& p);

}  // namespace xgrad
