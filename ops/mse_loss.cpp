#include <xgrad/ops/mse_loss.hpp>

#include <xgrad/engine/tape.hpp>
#include <xgrad/ops/internal/loss.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/neg.hpp>
#include <xgrad/ops/square.hpp>
#include <xgrad/ops/sub.hpp>

namespace xgrad {
namespace {

using namespace detail;

constexpr Reads both = reads_in(0) | reads_in(1);
const Op op{.name = "mse_loss", .reads = {both, both}, .vjp = [](Vjp& d) {
              const Tensor dx = (d.in(0) - d.in(1)) * (2 * weight(d.grad(), d.attributes<Loss>()));
              d.add(0, dx);
              if (d.wanted(1)) d.add(1, -dx);
            }};

}  // namespace

Tensor mse_loss(const Operand& input, const Operand& target, Reduction reduction) {
  Call call(op, input, target);
  check_pair(call);
  const Tensor value = no_grad([&] { return reduced(square(call.in(0) - call.in(1)), reduction); });
  return call.record(value, Loss(reduction, call.shape(0)));
}

}  // namespace xgrad
