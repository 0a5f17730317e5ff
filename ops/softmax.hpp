#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// e^x_i / sum of e^x_j over one axis, from x less its largest element, so that nothing overflows.
///     y = softmax(x);  dx = y (g - sum of g y)
/// float32 or float64 (DTypeError). An axis that x does not have is a ShapeError.
Tensor softmax(const Operand& x, int axis = -1);

}  // namespace xgrad
