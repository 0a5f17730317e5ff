#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Rows of `weight` (n, d) by int64 indices of any shape: the result has the indices' axes and then d. One outside [0,
/// n) is a ValueError, another shape of weight a ShapeError.
Tensor embedding(const Operand& weight, const Operand& index);

}  // namespace xgrad
