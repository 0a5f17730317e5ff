#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The product over the given axes, all of them where none is given; of nothing 1. By halves, pairwise, so that the
/// derivative (the product of all the others) is right beside zeros too, in every order. Also for int64. Errors as for
/// sum().
Tensor prod(const Operand& x, const Axes& axes = {}, bool keepdims = false);

}  // namespace xgrad
