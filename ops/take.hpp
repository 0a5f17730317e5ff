#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The elements of x at flat positions, in the shape of the int64 indices; negative ones count from the end. An index
/// outside x is a ValueError.
Tensor take(const Operand& x, const Operand& index);

}  // namespace xgrad
