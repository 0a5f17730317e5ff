#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The mean over the given axes, all of them where none is given; keepdims leaves them in with extent 1. The derivative
/// is 1 / n for each of the n elements. float32 or float64 (DTypeError). Of no elements: nan. An axis that x does not
/// have, or one given twice, is a ShapeError.
Tensor mean(const Operand& x, const Axes& axes = {}, bool keepdims = false);

}  // namespace xgrad
