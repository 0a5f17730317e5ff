#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The slices of x at the given places of an axis, in their order: numpy's take(x, index, axis). index is int64 with
/// one axis (ShapeError); one outside of [0, extent) is a ValueError.
Tensor index_select(const Operand& x, int axis, const Operand& index);

}  // namespace xgrad
