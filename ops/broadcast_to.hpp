#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// A copy of x repeated along new axes in front and along axes of extent 1, by numpy's rule; for any dtype. The
/// derivative is the sum over the copies. A shape that x does not broadcast to is a ShapeError.
Tensor broadcast_to(const Operand& x, const Shape& shape);

}  // namespace xgrad
