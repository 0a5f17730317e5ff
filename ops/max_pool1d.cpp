#include <xgrad/ops/max_pool1d.hpp>

#include <xgrad/ops/internal/pool.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = max_pool_op("max_pool1d");

}  // namespace

Tensor max_pool1d(const Operand& x, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                  std::int64_t dilation) {
  Call call(op, x);
  return max_pool(call, {{1, kernel}, {stride == 0 ? 0 : 1, stride}, {0, padding}, {1, dilation}}, true);
}

}  // namespace xgrad
