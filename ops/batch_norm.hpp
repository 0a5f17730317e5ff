#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// (x - mean) / sqrt(var + eps) for each channel of x (N, C, ...), times weight, plus bias, (C) or undefined. While
/// training, mean and biased variance are those of x, and the running ones, where given, become (1 - momentum) old +
/// momentum new (the unbiased variance); else they are the running ones. Shapes that do not fit are a ShapeError;
/// without running ones while not training, or a single element for each channel while training, or an
/// eps below 0: a ValueError.
Tensor batch_norm(const Operand& x, Tensor& running_mean, Tensor& running_var, const Tensor& weight = {},
                  const Tensor& bias = {}, bool training = false, double momentum = 0.1, double eps = 1e-5);

}  // namespace xgrad
