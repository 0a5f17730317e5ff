#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// x (N, C, ...) with its channels in `groups`: over each group of a sample (x - mean) / sqrt(var + eps), then for each
/// channel times weight, plus bias, (C) or undefined. Groups that do not divide C are a ValueError, shapes that do not
/// fit a ShapeError.
Tensor group_norm(const Operand& x, std::int64_t groups, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);

}  // namespace xgrad
