#pragma once
#include <xgrad/ops/conv2d.hpp>

namespace xgrad {

/// The derivative of a convolution for its input, as an operation: each element of x (N, C, H, W) or (C, H, W) times
/// the kernel, added up where the windows lie. weight (C, O / groups, kernel_h, kernel_w), bias (O) or none; extents (H
/// - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1. Errors as for conv2d().
Tensor conv_transpose2d(const Operand& x, const Operand& weight, const ConvOptions& options = {},
                        Pair output_padding = 0);
Tensor conv_transpose2d(const Operand& x, const Operand& weight, const Operand& bias, const ConvOptions& options = {},
                        Pair output_padding = 0);

}  // namespace xgrad
