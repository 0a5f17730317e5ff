#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// `count` numbers from start to stop, that one included, evenly spaced. A negative count is a ValueError.
Tensor linspace(double start, double stop, std::int64_t count = 50, DType dtype = float32, Site site = Site::here());

}  // namespace xgrad
