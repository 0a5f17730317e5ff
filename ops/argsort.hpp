#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Where along an axis the smallest element is, then the next, ..., as int64; equal ones in their order, nan last; with
/// `descending` from the largest down, nan first. No derivative. For any dtype. An axis that x does not have is a
/// ShapeError.
Tensor argsort(const Operand& x, int axis = -1, bool descending = false);

}  // namespace xgrad
