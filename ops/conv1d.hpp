#pragma once
#include <xgrad/ops/conv2d.hpp>

namespace xgrad {

/// conv2d() along one axis: x (N, C, L) or (C, L), weight (O, C / groups, kernel), bias (O) or none. Of each Pair in
/// the options the second number counts.
Tensor conv1d(const Operand& x, const Operand& weight, const ConvOptions& options = {});
Tensor conv1d(const Operand& x, const Operand& weight, const Operand& bias, const ConvOptions& options = {});

}  // namespace xgrad
