#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// avg_pool2d() along one axis: x (N, C, L) or (C, L).
Tensor avg_pool1d(const Operand& x, std::int64_t kernel, std::int64_t stride, std::int64_t padding = 0,
                  bool count_include_pad = true);
inline Tensor avg_pool1d(const Operand& x, std::int64_t kernel) { return avg_pool1d(x, kernel, kernel); }

}  // namespace xgrad
