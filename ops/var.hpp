#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The mean of (x - mean(x))^2 over the given axes, all of them where none is given, with n - correction in place of n:
/// correction 1 (PyTorch's default, unbiased) or 0 (numpy's). nan where that is not positive. Errors as for mean().
Tensor var(const Operand& x, const Axes& axes = {}, double correction = 1, bool keepdims = false);

}  // namespace xgrad
