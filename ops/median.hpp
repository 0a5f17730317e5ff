#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The middle element in order along an axis, of an even number the mean of the two in the middle, as in numpy (PyTorch
/// takes the lower one); without an axis of all elements. nan where one is. Of no elements: a ValueError.
Tensor median(const Operand& x);
Tensor median(const Operand& x, int axis, bool keepdims = false);

}  // namespace xgrad
