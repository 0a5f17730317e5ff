#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The elements of each matrix (the last two axes) on and below its k-th diagonal, the others 0; k counts to the right.
/// Fewer than two axes is a ShapeError.
Tensor tril(const Operand& x, std::int64_t k = 0);

}  // namespace xgrad
