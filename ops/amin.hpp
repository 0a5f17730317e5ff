#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// min(x, axes, keepdims) by numpy's and PyTorch's other name.
Tensor amin(const Operand& x, const Axes& axes = {}, bool keepdims = false);

}  // namespace xgrad
