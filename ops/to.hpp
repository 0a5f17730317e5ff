#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The elements converted to another dtype; x itself where it has that one already. Between float32 and float64 the
/// gradient is converted back; int64 and boolean have none. To int64 towards zero, to boolean by x != 0. What int64
/// cannot hold is a ValueError.
Tensor to(const Operand& x, DType dtype);

}  // namespace xgrad
