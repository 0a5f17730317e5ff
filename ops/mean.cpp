#include <xgrad/ops/mean.hpp>

#include <xgrad/ops/div.hpp>
#include <xgrad/ops/internal/reduce.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "mean"};  // recorded as a sum and a division

}  // namespace

Tensor mean(const Operand& x, const Axes& axes, bool keepdims) {
  const Call call(op, x);
  call.floating();
  const Shape& shape = call.shape(0);
  const AxisMask mask = normal_axes(call, axes, shape.rank());
  const CallScope scope(call);
  return sum_axes(call.in(0), mask, keepdims) / reduced_count(shape, mask);
}

}  // namespace xgrad
