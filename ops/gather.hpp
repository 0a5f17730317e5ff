#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// y[i][j] = x[index[i][j]][j] for axis 0, and so on: PyTorch's gather. The int64 indices have as many axes as x and
/// are in no other one longer (ShapeError); one outside of [0, extent) is a ValueError.
Tensor gather(const Operand& x, int axis, const Operand& index);

}  // namespace xgrad
