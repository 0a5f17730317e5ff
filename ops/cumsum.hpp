#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The sums of the elements up to each along an axis, in that order; float32 ones are added up in float64. Also for
/// int64. An axis that x does not have is a ShapeError.
Tensor cumsum(const Operand& x, int axis);

}  // namespace xgrad
