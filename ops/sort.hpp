#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Elements in order, and where along the axis each of them was.
struct Sorted {
  Tensor values, indices;
};

/// x sorted along an axis, and the argsort() it was sorted by; the gradient goes back where the element came from.
Sorted sort(const Operand& x, int axis = -1, bool descending = false);

}  // namespace xgrad
