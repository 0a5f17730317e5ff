#pragma once
// Pooling in one dimension (`line`) and two.
#include <xgrad/ops/internal/windows.hpp>

namespace xgrad::detail {

Tensor max_pool(const Call& call, Windows windows, bool line);
Tensor avg_pool(const Call& call, Windows windows, bool line, bool count_padding);
Tensor adaptive_avg_pool(const Call& call, Pair output, bool line);

}  // namespace xgrad::detail
