#include <xgrad/ops/softmax.hpp>

#include <xgrad/engine/internal/observe.hpp>
#include <xgrad/ops/internal/along.hpp>
#include <xgrad/ops/internal/reduce.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/sub.hpp>

namespace xgrad {
namespace {

using namespace detail;

Tensor softmax_grad(const Operand& g, const Operand& y, int axis);

const Op op{.name = "softmax", .reads = {reads_output}, .vjp = [](Vjp& d) {
              d.add(0, softmax_grad(d.grad(), d.out(), d.attributes<int>()));
            }};

// The derivative above in one pass; linear in g, and quadratic in y.
const Op grad_op{.name = "softmax_grad", .reads = {reads_in(1), reads_in(0) | reads_in(1)}, .vjp = [](Vjp& d) {
                   const int axis = d.attributes<int>();
                   const Tensor &h = d.grad(), y = d.in(1);
                   if (d.wanted(0)) d.add(0, softmax_grad(h, y, axis));
                   if (!d.wanted(1)) return;
                   const auto total = [axis](const Tensor& t) { return sum_axes(t, 1u << axis, true); };
                   const Tensor g = d.in(0);
                   d.add(1, h * (g - total(g * y)) - g * total(h * y));
                 }};

Tensor softmax_grad(const Operand& g, const Operand& y, int axis) {
  Call call(grad_op, g, y);
  return call.record(softmax_grad_along(call.in(0), call.in(1), axis), axis);
}

}  // namespace

Tensor softmax(const Operand& x, int axis) {
  Call call(op, x);
  call.floating();
  axis = normal_axis(call, axis, call.shape(0).rank());
  if (observed()) note({setting("axis", axis)});
  return call.record(softmax_along(call.in(0), axis), axis);
}

}  // namespace xgrad
