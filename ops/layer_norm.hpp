#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// (x - mean) / sqrt(var + eps) over the last axes, those of `normalized`, times weight, plus bias, which have that
/// shape or are undefined. The variance is the biased one. float32 or float64, all the same (DTypeError); shapes that
/// do not fit are a ShapeError.
Tensor layer_norm(const Operand& x, const Shape& normalized, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);

}  // namespace xgrad
