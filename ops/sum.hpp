#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The sum over the given axes, all of them where none is given; keepdims leaves them in with extent 1. The derivative
/// is 1 for every element. Also for int64, and for boolean, where it counts as int64. Of no elements: 0. An axis that x
/// does not have, or one given twice, is a ShapeError.
///     sum(x)  sum(x, 0)  sum(x, {0, -1}, true)
Tensor sum(const Operand& x, const Axes& axes = {}, bool keepdims = false);

}  // namespace xgrad
