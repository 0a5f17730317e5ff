#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Where along an axis the largest element is, as int64: the first such place, or that of the first nan; keepdims
/// leaves the axis in with extent 1. No derivative. For float32, float64 and int64 (DTypeError). An axis that x does
/// not have is a ShapeError; an axis without elements, a ValueError.
Tensor argmax(const Operand& x, int axis = -1, bool keepdims = false);

}  // namespace xgrad
