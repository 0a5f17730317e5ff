#include <xgrad/ops/huber_loss.hpp>

#include <xgrad/ops/abs.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/loss.hpp>
#include <xgrad/ops/less.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/square.hpp>
#include <xgrad/ops/sub.hpp>
#include <xgrad/ops/where.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "huber_loss"};

}  // namespace

Tensor huber_loss(const Operand& input, const Operand& target, Reduction reduction, double delta) {
  const Call call(op, input, target);
  check_pair(call);
  if (!(delta > 0)) call.fail<ValueError>("delta is {}, expected a number above 0", delta);
  const CallScope scope(call);
  const Tensor &x = call.in(0), &t = call.in(1);
  const Tensor d = x - t, size = abs(d), near = size < delta;
  // The square is d's: abs has no second derivative at 0. And far out it is 0: the derivative of inf² is multiplied by
  // 0.
  return reduced(where(near, 0.5 * square(where(near, d, 0)), delta * (size - 0.5 * delta)), reduction);
}

}  // namespace xgrad
