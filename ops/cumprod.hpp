#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The products of the elements up to each along an axis. In log2(n) steps of products of neighbours, so that the
/// derivative is right beside zeros too, in every order. Also for int64. An axis that x does not have is a ShapeError.
Tensor cumprod(const Operand& x, int axis);

}  // namespace xgrad
