#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// max_pool2d() along one axis: x (N, C, L) or (C, L).
Tensor max_pool1d(const Operand& x, std::int64_t kernel, std::int64_t stride, std::int64_t padding = 0,
                  std::int64_t dilation = 1);
inline Tensor max_pool1d(const Operand& x, std::int64_t kernel) { return max_pool1d(x, kernel, kernel); }

}  // namespace xgrad
