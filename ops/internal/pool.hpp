#pragma once
// Pooling in one dimension (`line`) and two.
#include <xgrad/ops/internal/windows.hpp>

namespace xgrad::detail {

void max_pool_vjp(Vjp& d);
void avg_pool_vjp(Vjp& d);
constexpr Op max_pool_op(const char* name) noexcept {
  return {.name = name, .reads = {reads_extra}, .vjp = max_pool_vjp};
}
constexpr Op avg_pool_op(const char* name) noexcept { return {.name = name, .vjp = avg_pool_vjp}; }

/// Of a call of such an op.
Tensor max_pool(Call& call, Windows windows, bool line);
Tensor avg_pool(Call& call, Windows windows, bool line, bool count_padding);
Tensor adaptive_avg_pool(const Call& call, Pair output, bool line);

}  // namespace xgrad::detail
