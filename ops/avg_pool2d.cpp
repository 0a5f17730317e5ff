#include <xgrad/ops/avg_pool2d.hpp>

#include <xgrad/ops/internal/pool.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = avg_pool_op("avg_pool2d");

}  // namespace

Tensor avg_pool2d(const Operand& x, Pair kernel, Pair stride, Pair padding, bool count_include_pad) {
  Call call(op, x);
  return avg_pool(call, {kernel, stride, padding}, false, count_include_pad);
}

}  // namespace xgrad
