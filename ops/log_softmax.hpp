#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// log(softmax(x)) over one axis, as x_i - log(sum of e^x_j), exact also where softmax is 0.
///     y = log_softmax(x);  dx = g - e^y (sum of g)
/// float32 or float64 (DTypeError). An axis that x does not have is a ShapeError.
Tensor log_softmax(const Operand& x, int axis = -1);

}  // namespace xgrad
