#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// x with each element of source added at the place that its index names along the axis: x[index[i][j]][j] +=
/// source[i][j] for axis 0, also several to one, in order. index, int64, has as many axes as x and source and is in
/// none longer than source, nor than x in another (ShapeError); one outside of [0, extent) is a ValueError.
Tensor scatter_add(const Operand& x, int axis, const Operand& index, const Operand& source);

}  // namespace xgrad
