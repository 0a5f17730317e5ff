#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// broadcast_to(x, extents) where -1 leaves an axis as it is: PyTorch's expand. Makes a copy. What does not broadcast
/// is a ShapeError.
Tensor expand(const Operand& x, std::initializer_list<std::int64_t> extents);

}  // namespace xgrad
