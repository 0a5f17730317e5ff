#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// adaptive_avg_pool2d() along one axis: x (N, C, L) or (C, L).
Tensor adaptive_avg_pool1d(const Operand& x, std::int64_t output);

}  // namespace xgrad
