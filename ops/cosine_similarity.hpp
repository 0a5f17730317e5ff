#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Sum of a b over an axis, divided by the lengths of a and b along it, each at least eps. a and b broadcast
/// (ShapeError), and the axis is one of their common shape. float32 or float64, both the same (DTypeError).
Tensor cosine_similarity(const Operand& a, const Operand& b, int axis = 1, double eps = 1e-8);

}  // namespace xgrad
