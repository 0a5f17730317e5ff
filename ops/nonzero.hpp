#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The indices of the elements that are not 0 (nan is not), int64 (count, rank), in row-major order: numpy's argwhere.
/// No derivative. For any dtype.
Tensor nonzero(const Operand& x);

}  // namespace xgrad
