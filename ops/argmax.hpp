#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Where the largest element is, as int64: along one axis, or without an axis among all elements in row-major order.
/// The first of several, or the first nan; keepdims leaves what was reduced in with extent 1. No derivative. For
/// float32, float64 and int64 (DTypeError). An axis that x does not have, or more than one, is a ShapeError; no
/// elements, a ValueError.
Tensor argmax(const Operand& x, const Axes& axes = {}, bool keepdims = false);

}  // namespace xgrad
