#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// x with alpha source added: slice k of source along the axis to the slice index[k] of x, also several to one. index
/// is int64 with one axis, source has as many slices and is otherwise of x's shape (ShapeError); an index outside
/// of [0, extent) is a ValueError.
Tensor index_add(const Operand& x, int axis, const Operand& index, const Operand& source, double alpha = 1);

}  // namespace xgrad
