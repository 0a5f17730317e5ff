#include <xgrad/ops/hinge_loss.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/loss.hpp>
#include <xgrad/ops/maximum.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/sub.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "hinge_loss"};

}  // namespace

Tensor hinge_loss(const Operand& input, const Operand& target, Reduction reduction) {
  const Call call(op, input, target);
  check_pair(call);
  const CallScope scope(call);
  const Tensor &x = call.in(0), &t = call.in(1);
  return reduced(maximum(1 - t * x, 0), reduction);
}

}  // namespace xgrad
