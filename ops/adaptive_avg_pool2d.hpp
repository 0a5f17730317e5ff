#pragma once
#include <xgrad/engine/tensor.hpp>
#include <xgrad/ops/pair.hpp>

namespace xgrad {

/// The means of as many parts of x (N, C, H, W) or (C, H, W) as the result has places, part i of n rows from floor(i H
/// / n) up to ceil((i + 1) H / n), columns alike. An extent below 1 is a ValueError.
Tensor adaptive_avg_pool2d(const Operand& x, Pair output);

}  // namespace xgrad
