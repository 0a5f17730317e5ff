#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Whether an element is set (not 0) over the given axes, all of them where none is given; of nothing false. Boolean,
/// no derivative; for any dtype. Errors as for sum().
Tensor any(const Operand& x, const Axes& axes = {}, bool keepdims = false);

}  // namespace xgrad
