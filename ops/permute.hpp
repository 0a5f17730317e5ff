#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// transpose(x, axes) by PyTorch's name: axis i of the result is axis axes[i] of x. Each axis once, or it is a
/// ShapeError.
Tensor permute(const Operand& x, const Axes& axes);

}  // namespace xgrad
