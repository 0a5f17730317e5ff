#include <xgrad/ops/bce_with_logits.hpp>

#include <xgrad/engine/internal/loops.hpp>
#include <xgrad/engine/tape.hpp>
#include <xgrad/ops/abs.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/exp.hpp>
#include <xgrad/ops/greater.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/loss.hpp>
#include <xgrad/ops/log1p.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/neg.hpp>
#include <xgrad/ops/sigmoid.hpp>
#include <xgrad/ops/softplus.hpp>
#include <xgrad/ops/sub.hpp>
#include <xgrad/ops/where.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "bce_with_logits", .reads = {reads_in(0) | reads_in(1), reads_in(0)}, .vjp = [](Vjp& d) {
              const Tensor w = weight(d.grad(), d.attributes<Loss>()), x = d.in(0);
              if (d.wanted(0)) d.add(0, (sigmoid(x) - d.in(1)) * w);
              if (d.wanted(1)) d.add(1, -x * w);
            }};

}  // namespace

Tensor bce_with_logits(const Operand& input, const Operand& target, Reduction reduction) {
  Call call(op, input, target);
  check_pair(call);
  const Tensor &x = call.in(0), &t = call.in(1);
  // max(x, 0) - x t, also for an infinite x.
  const Tensor value =
      no_grad([&] { return reduced(where(x > 0, x * (1 - t), -x * t) + log1p(exp(-abs(x))), reduction); });
  return call.record(value, Loss(reduction, x.shape()));
}

Tensor bce_with_logits(const Operand& input, const Operand& target, const Operand& pos_weight, Reduction reduction) {
  const Call call(op, input, target, pos_weight);
  call.floating();
  if (call.shape(0) != call.shape(1))
    call.fail<ShapeError>("input is {}, target is {}", to_string(call.shape(0)), to_string(call.shape(1)));
  Shape shape;
  if (!broadcast(call.shape(2), call.shape(0), shape) || shape != call.shape(0))
    call.fail<ShapeError>("pos_weight is {}, which does not broadcast to the input's {}", to_string(call.shape(2)),
                          to_string(call.shape(0)));
  const CallScope scope(call);
  const Tensor &x = call.in(0), &t = call.in(1);
  return reduced((1 - t) * x + (1 + (call.in(2) - 1) * t) * softplus(-x), reduction);
}

}  // namespace xgrad
