#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Whether all elements are set (not 0) over the given axes, all of them where none is given; of nothing true. Boolean,
/// no derivative; for any dtype. Errors as for sum().
Tensor all(const Operand& x, const Axes& axes = {}, bool keepdims = false);

}  // namespace xgrad
