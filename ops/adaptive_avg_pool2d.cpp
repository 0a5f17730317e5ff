#include <xgrad/ops/adaptive_avg_pool2d.hpp>

#include <xgrad/ops/internal/pool.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "adaptive_avg_pool2d"};

}  // namespace

Tensor adaptive_avg_pool2d(const Operand& x, Pair output) {
  const Call call(op, x);
  return adaptive_avg_pool(call, output, false);
}

}  // namespace xgrad
