#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// x with the order of elements along the given axes reversed, along all of them where none is given. An axis that x
/// does not have is a ShapeError.
Tensor flip(const Operand& x, const Axes& axes = {});

}  // namespace xgrad
