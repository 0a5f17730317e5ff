#include <xgrad/ops/sum.hpp>

#include <xgrad/ops/internal/along.hpp>
#include <xgrad/ops/internal/reduce.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/to.hpp>

namespace xgrad {
namespace detail {
namespace {

const Op op{.name = "sum", .vjp = [](Vjp& d) {
              const Shape shape = d.shape(0), kept = keep_axes(shape, d.attributes<AxisMask>());
              d.add(0, expand(d.grad().rank() == 0 ? d.grad() : reshape(d.grad(), kept), shape));
            }};

Tensor sum(Call& call, AxisMask mask, bool keepdims) {
  const Tensor& x = call.in(0);
  const Shape shape = keepdims ? keep_axes(x.shape(), mask) : drop_axes(x.shape(), mask);
  const Tensor counted = x.dtype() == DType::boolean ? to(x, DType::int64) : x;
  note_axes(mask);
  return call.record(reduce(counted, mask, shape, sum_along), mask);
}

}  // namespace

Tensor sum_axes(const Operand& x, AxisMask mask, bool keepdims) {
  Call call(op, x);
  return sum(call, mask, keepdims);
}

}  // namespace detail

Tensor sum(const Operand& x, const Axes& axes, bool keepdims) {
  detail::Call call(detail::op, x);
  return detail::sum(call, detail::normal_axes(call, axes, call.shape(0).rank()), keepdims);
}

}  // namespace xgrad
