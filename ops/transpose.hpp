#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The axes of x in another order, reversed where none is given; for any dtype. Axis i of the result is axis axes[i] of
/// x. The derivative has them back in place. Axes that are not a permutation of all of x's are a ShapeError.
///     transpose(x)             // a matrix's x^T
///     transpose(x, {0, 2, 1})  // of each matrix in a batch
Tensor transpose(const Operand& x, const Axes& axes = {});

}  // namespace xgrad
