#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// x with elements replaced: y[index[i][j]][j] = source[i][j] for axis 0. Where several name one place the last wins,
/// and it alone gets the gradient. Shapes and errors are those of scatter_add; source may be a number.
Tensor scatter(const Operand& x, int axis, const Operand& index, const Operand& source);

}  // namespace xgrad
