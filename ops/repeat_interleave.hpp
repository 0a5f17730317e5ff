#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Each element repeated along an axis: {1, 2} twice is {1, 1, 2, 2} (numpy calls it repeat). A negative count is a
/// ValueError; an axis that x does not have, a ShapeError.
Tensor repeat_interleave(const Operand& x, std::int64_t repeats, int axis);

}  // namespace xgrad
