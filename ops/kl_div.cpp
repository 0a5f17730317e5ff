#include <xgrad/ops/kl_div.hpp>

#include <xgrad/ops/equal.hpp>
#include <xgrad/ops/exp.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/loss.hpp>
#include <xgrad/ops/log.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/sub.hpp>
#include <xgrad/ops/where.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "kl_div"};

}  // namespace

Tensor kl_div(const Operand& input, const Operand& target, Reduction reduction, bool log_target) {
  const Call call(op, input, target);
  check_pair(call);
  const CallScope scope(call);
  const Tensor &x = call.in(0), &t = call.in(1);
  if (log_target) return reduced(exp(t) * (t - x), reduction);
  const Tensor zero = t == 0;
  return reduced(where(zero, 0, t * (log(where(zero, 1, t)) - x)), reduction);
}

}  // namespace xgrad
