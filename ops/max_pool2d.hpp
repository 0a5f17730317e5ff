#pragma once
#include <xgrad/engine/tensor.hpp>
#include <xgrad/ops/pair.hpp>

namespace xgrad {

/// The largest element of each window of x (N, C, H, W) or (C, H, W); windows follow each other where no stride is
/// given, and padding counts as -inf. The gradient goes to the first of several. A kernel that does not fit is a
/// ShapeError; numbers that make no sense, or a padding of more than half the kernel, a ValueError.
Tensor max_pool2d(const Operand& x, Pair kernel, Pair stride, Pair padding = 0, Pair dilation = 1);
inline Tensor max_pool2d(const Operand& x, Pair kernel) { return max_pool2d(x, kernel, kernel); }

}  // namespace xgrad
