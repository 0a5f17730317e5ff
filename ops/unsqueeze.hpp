#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// With a new axis of extent 1 in front of `axis`, counted in the result: numpy's expand_dims. Shares the elements. An
/// axis that the result does not have is a ShapeError.
Tensor unsqueeze(const Operand& x, int axis);

}  // namespace xgrad
