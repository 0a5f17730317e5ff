#pragma once
#include <xgrad/engine/tensor.hpp>
#include <xgrad/ops/pair.hpp>

namespace xgrad {

/// The mean of each window of x (N, C, H, W) or (C, H, W); windows follow each other where no stride is given. Padding
/// counts as 0, or not at all. A kernel that does not fit is a ShapeError; numbers that make no sense, or a padding of
/// more than half the kernel, a ValueError.
Tensor avg_pool2d(const Operand& x, Pair kernel, Pair stride, Pair padding = 0, bool count_include_pad = true);
inline Tensor avg_pool2d(const Operand& x, Pair kernel) { return avg_pool2d(x, kernel, kernel); }

}  // namespace xgrad
