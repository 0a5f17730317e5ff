#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The norm (sum of |x|^ord)^(1/ord) over the given axes, all of them where none is given: 2 by default, INFINITY for
/// the largest |x|. Vectors' norms, whatever the axes. Where it is 0 the derivative is 0. ord <= 0 or nan is a
/// ValueError, other errors are those of sum().
Tensor norm(const Operand& x, double ord = 2, const Axes& axes = {}, bool keepdims = false);

}  // namespace xgrad
