#include <xgrad/ops/log_softmax.hpp>

#include <xgrad/engine/internal/observe.hpp>
#include <xgrad/ops/exp.hpp>
#include <xgrad/ops/internal/along.hpp>
#include <xgrad/ops/internal/reduce.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/neg.hpp>
#include <xgrad/ops/sub.hpp>

namespace xgrad {
namespace {

using namespace detail;

Tensor log_softmax_grad(const Operand& g, const Operand& y, int axis);

const Op op{.name = "log_softmax", .reads = {reads_output}, .vjp = [](Vjp& d) {
              d.add(0, log_softmax_grad(d.grad(), d.out(), d.attributes<int>()));
            }};

// The derivative above in one pass.
const Op grad_op{.name = "log_softmax_grad", .reads = {reads_in(1), reads_in(0) | reads_in(1)}, .vjp = [](Vjp& d) {
                   const AxisMask axis = 1u << d.attributes<int>();
                   const Tensor &h = d.grad(), p = exp(d.in(1));
                   if (d.wanted(0)) d.add(0, h - sum_axes(h * p, axis, true));
                   if (d.wanted(1)) d.add(1, -h * p * sum_axes(d.in(0), axis, true));
                 }};

Tensor log_softmax_grad(const Operand& g, const Operand& y, int axis) {
  Call call(grad_op, g, y);
  return call.record(log_softmax_grad_along(call.in(0), call.in(1), axis), axis);
}

}  // namespace

Tensor log_softmax(const Operand& x, int axis) {
  Call call(op, x);
  call.floating();
  axis = normal_axis(call, axis, call.shape(0).rank());
  if (observed()) note({setting("axis", axis)});
  return call.record(log_softmax_along(call.in(0), axis), axis);
}

}  // namespace xgrad
