#include <xgrad/ops/nll_loss.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/class_loss.hpp>
#include <xgrad/ops/internal/loss.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "nll_loss"};

}  // namespace

Tensor nll_loss(const Operand& log_p, const Operand& labels, Reduction reduction, const Tensor& class_weights,
                std::int64_t ignored) {
  const Call call(op, log_p, labels);
  call.floating(0, 1);
  const ClassLoss form{reduction, class_weights, 0, ignored};
  return loss_of_labels(call, call.in(0), form);
}

}  // namespace xgrad
