#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// A matrix's diagonal, or for a vector the square matrix that has it as its diagonal; `offset` counts to the right.
/// Other than one or two axes is a ShapeError.
Tensor diag(const Operand& x, std::int64_t offset = 0);

}  // namespace xgrad
