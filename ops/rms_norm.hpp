#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// x / sqrt(mean(x^2) + eps) over the last axes, those of `normalized`, times weight, which has that shape or is
/// undefined (Zhang and Sennrich, 2019). Errors as for layer_norm().
Tensor rms_norm(const Operand& x, const Shape& normalized, const Tensor& weight = {}, double eps = 1e-5);

}  // namespace xgrad
