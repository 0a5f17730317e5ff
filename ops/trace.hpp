#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The sum of a matrix's diagonal. Other than two axes is a ShapeError.
Tensor trace(const Operand& x);

}  // namespace xgrad
