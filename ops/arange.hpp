#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// start, start + step, ... below stop (above it where step is negative), or 0 ... n - 1 as int64, as in numpy. Each is
/// start + i step, not a running sum. A step of 0, and what is not finite, are a ValueError.
Tensor arange(double start, double stop, double step = 1, DType dtype = float32, Site site = Site::here());
inline Tensor arange(std::int64_t n, DType dtype = int64, Site site = Site::here()) {
  return arange(0, static_cast<double>(n), 1, dtype, site);
}

}  // namespace xgrad
