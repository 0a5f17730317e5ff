#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// avg_pool2d() along one axis: x (N, C, L) or (C, L).
Tensor avg_pool1d(const Operand& x, std::int64_t kernel, std::int64_t stride = 0, std::int64_t padding = 0,
                  bool count_include_pad = true);

}  // namespace xgrad
