#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// max(x, axes, keepdims) by numpy's and PyTorch's other name.
Tensor amax(const Operand& x, const Axes& axes = {}, bool keepdims = false);

}  // namespace xgrad
