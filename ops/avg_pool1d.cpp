#include <xgrad/ops/avg_pool1d.hpp>

#include <xgrad/ops/internal/pool.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = avg_pool_op("avg_pool1d");

}  // namespace

Tensor avg_pool1d(const Operand& x, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                  bool count_include_pad) {
  Call call(op, x);
  return avg_pool(call, {{1, kernel}, {stride == 0 ? 0 : 1, stride}, {0, padding}}, true, count_include_pad);
}

}  // namespace xgrad
