#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Two axes in each other's place: PyTorch's transpose(x, a, b). An axis that x does not have is a ShapeError.
Tensor swapaxes(const Operand& x, int a, int b);

}  // namespace xgrad
