#pragma once
#include <xgrad/engine/tensor.hpp>
#include <xgrad/ops/pair.hpp>

namespace xgrad {

/// im2col() reversed: columns (N, C kernel_h kernel_w, windows) added up where the windows were, (N, C, H, W):
/// PyTorch's fold; of one sample without N.
/// Extents that do not fit are a ShapeError.
Tensor col2im(const Operand& columns, Pair output, Pair kernel, Pair stride = 1, Pair padding = 0, Pair dilation = 1);

}  // namespace xgrad
