#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The root of var(x, axes, correction, keepdims). Where that is 0 the derivative is 0, as in PyTorch.
Tensor std(const Operand& x, const Axes& axes = {}, double correction = 1, bool keepdims = false);

}  // namespace xgrad
