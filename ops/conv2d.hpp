#pragma once
#include <xgrad/engine/tensor.hpp>
#include <xgrad/ops/pair.hpp>

namespace xgrad {

/// Of a convolution: PyTorch's names and defaults.
struct ConvOptions {
  Pair stride = 1, padding = 0, dilation = 1;
  std::int64_t groups = 1;
};

/// The sums of products of a kernel with the windows of x (cross-correlation), plus a bias for each channel.
/// x (N, C, H, W) or (C, H, W), weight (O, C / groups, kernel_h, kernel_w), bias (O) or none. float32 or float64, all
/// the same (DTypeError); extents that do not fit are a ShapeError, options that make no sense a ValueError.
Tensor conv2d(const Operand& x, const Operand& weight, const ConvOptions& options = {});
Tensor conv2d(const Operand& x, const Operand& weight, const Operand& bias, const ConvOptions& options = {});

}  // namespace xgrad
