#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The elements x[.., i, .., i + offset, ..] of two axes, as a new last axis. An axis that x does not have, or the same
/// twice, is a ShapeError.
Tensor diagonal(const Operand& x, std::int64_t offset = 0, int axis1 = 0, int axis2 = 1);

}  // namespace xgrad
