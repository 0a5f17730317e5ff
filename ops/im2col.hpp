#pragma once
#include <xgrad/engine/tensor.hpp>
#include <xgrad/ops/pair.hpp>

namespace xgrad {

/// The windows of x (N, C, H, W) as columns: (N, C kernel_h kernel_w, windows), PyTorch's unfold; of one sample
/// (C, H, W) without N. A kernel that does
/// not fit is a ShapeError; numbers that make no sense, a ValueError.
Tensor im2col(const Operand& x, Pair kernel, Pair stride = 1, Pair padding = 0, Pair dilation = 1);

}  // namespace xgrad
