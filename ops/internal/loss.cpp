#include <xgrad/ops/internal/loss.hpp>

#include <xgrad/ops/div.hpp>
#include <xgrad/ops/mean.hpp>
#include <xgrad/ops/sum.hpp>

namespace xgrad::detail {

Tensor reduced(const Tensor& losses, Reduction reduction) {
  switch (reduction) {
    case Reduction::mean: return mean(losses);
    case Reduction::sum: return sum(losses);
    default: return losses;
  }
}

Tensor weight(const Tensor& g, const Loss& loss) {
  return loss.reduction == Reduction::mean ? g / static_cast<double>(loss.count) : g;
}

void check_pair(const Call& call) {
  call.floating();
  if (call.shape(0) != call.shape(1))
    call.fail<ShapeError>("input is {}, target is {}", to_string(call.shape(0)), to_string(call.shape(1)));
}

}  // namespace xgrad::detail
