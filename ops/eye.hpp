#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The identity matrix of n rows, and as many columns unless told.
Tensor eye(std::int64_t n, std::int64_t columns, DType dtype = float32, Site site = Site::here());
inline Tensor eye(std::int64_t n, DType dtype = float32, Site site = Site::here()) { return eye(n, n, dtype, site); }

}  // namespace xgrad
