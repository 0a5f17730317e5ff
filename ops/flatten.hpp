#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The axes from `start` to `end`, that one included, made one; a 0-d x gets one axis. Shares the elements.
/// An axis that x does not have, or an end before the start, is a ShapeError.
Tensor flatten(const Operand& x, int start = 0, int end = -1);

}  // namespace xgrad
