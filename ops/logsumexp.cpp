#include <xgrad/ops/logsumexp.hpp>

#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/ops/internal/along.hpp>
#include <xgrad/ops/internal/reduce.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/softmax.hpp>

namespace xgrad {
namespace {

using namespace detail;

// Of (outer, n, inner) by n. Softmax anew, not e^(x - y), which would have the rounding of y in its exponent.
const Op op{.name = "logsumexp", .reads = {reads_in(0)}, .vjp = [](Vjp& d) {
              d.add(0, softmax(d.in(0), 1) * reshape(d.grad(), keep_axes(d.shape(0), 1u << 1)));
            }};

Tensor of_middle(const Operand& x) {
  Call call(op, x);
  const Middle m = middle(call.shape(0), 1);
  Output out(call.in(0).dtype(), {m.outer, m.inner});
  launch({writes(out), reads(call.in(0))},
         [dtype = call.in(0).dtype(), m](Pointers p) { logsumexp_along(dtype, p[1], m, p[0]); });
  return call.record(out.finish());
}

}  // namespace

Tensor logsumexp(const Operand& x, const Axes& axes, bool keepdims) {
  const Call call(op, x);
  call.floating();
  Tensor y = call.in(0);
  const Shape shape = y.shape();
  const AxisMask mask = normal_axes(call, axes, shape.rank());
  const CallScope scope(call);
  if (mask == 0) return expand(y, shape);
  each_run(shape, mask, [&](const Middle& m) { y = of_middle(reshape(y, {m.outer, m.n, m.inner})); });
  return reshape(y, keepdims ? keep_axes(shape, mask) : drop_axes(shape, mask));
}

}  // namespace xgrad
