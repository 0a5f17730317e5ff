#include <xgrad/ops/var.hpp>

#include <algorithm>

#include <xgrad/ops/div.hpp>
#include <xgrad/ops/internal/reduce.hpp>
#include <xgrad/ops/mean.hpp>
#include <xgrad/ops/square.hpp>
#include <xgrad/ops/sub.hpp>
#include <xgrad/ops/sum.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "var"};

}  // namespace

Tensor var(const Operand& x, const Axes& axes, double correction, bool keepdims) {
  const Call call(op, x);
  call.floating();
  const Shape& shape = call.shape(0);
  const AxisMask mask = normal_axes(call, axes, shape.rank());
  const CallScope scope(call);
  const Tensor deviation = call.in(0) - mean(call.in(0), axes, true);
  return sum_axes(square(deviation), mask, keepdims) / std::max(0.0, reduced_count(shape, mask) - correction);
}

}  // namespace xgrad
