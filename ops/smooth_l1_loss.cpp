#include <xgrad/ops/smooth_l1_loss.hpp>

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

const Op op{.name = "smooth_l1_loss"};

}  // namespace

Tensor smooth_l1_loss(const Operand& input, const Operand& target, Reduction reduction, double beta) {
  const Call call(op, input, target);
  check_pair(call);
  if (!(beta >= 0)) call.fail<ValueError>("beta is {}, expected 0 or more", beta);
  const CallScope scope(call);
  const Tensor &x = call.in(0), &t = call.in(1);
  if (beta == 0) return reduced(abs(x - t), reduction);
  const Tensor d = x - t, size = abs(d), near = size < beta;  // as in huber_loss
  return reduced(where(near, square(where(near, d, 0)) * (0.5 / beta), size - 0.5 * beta), reduction);
}

}  // namespace xgrad
