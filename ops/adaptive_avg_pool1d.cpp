#include <xgrad/ops/adaptive_avg_pool1d.hpp>

#include <xgrad/ops/internal/pool.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "adaptive_avg_pool1d"};

}  // namespace

Tensor adaptive_avg_pool1d(const Operand& x, std::int64_t output) {
  const Call call(op, x);
  return adaptive_avg_pool(call, {1, output}, true);
}

}  // namespace xgrad
