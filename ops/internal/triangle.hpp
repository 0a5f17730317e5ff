#pragma once
// What tril and triu share.
#include <xgrad/ops/internal/axes.hpp>

namespace xgrad::detail {

/// The elements on the k-th diagonal of each matrix and below it, or above it; 0 elsewhere.
Tensor triangle(const Call& call, i64 k, bool lower);

}  // namespace xgrad::detail
