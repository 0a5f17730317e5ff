#include <xgrad/ops/max_pool2d.hpp>

#include <xgrad/ops/internal/pool.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = max_pool_op("max_pool2d");

}  // namespace

Tensor max_pool2d(const Operand& x, Pair kernel, Pair stride, Pair padding, Pair dilation) {
  Call call(op, x);
  return max_pool(call, {kernel, stride, padding, dilation}, false);
}

}  // namespace xgrad
