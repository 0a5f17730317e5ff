#include <xgrad/ops/l1_loss.hpp>

#include <xgrad/ops/abs.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/loss.hpp>
#include <xgrad/ops/sub.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "l1_loss"};

}  // namespace

Tensor l1_loss(const Operand& input, const Operand& target, Reduction reduction) {
  const Call call(op, input, target);
  check_pair(call);
  const CallScope scope(call);
  const Tensor &x = call.in(0), &t = call.in(1);
  return reduced(abs(x - t), reduction);
}

}  // namespace xgrad
