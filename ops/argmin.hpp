#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Where the smallest element is, as argmax() says where the largest is.
Tensor argmin(const Operand& x, const Axes& axes = {}, bool keepdims = false);

}  // namespace xgrad
