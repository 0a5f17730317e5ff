#include <xgrad/ops/internal/loss.hpp>

#include <xgrad/ops/div.hpp>
#include <xgrad/ops/sum.hpp>

namespace xgrad::detail {

Loss::Loss(Reduction reduction, const Shape& losses) noexcept : divisor(1) {
  if (reduction == Reduction::mean) divisor = static_cast<double>(losses.size());
  if (reduction == Reduction::batchmean && losses.rank() > 0) divisor = static_cast<double>(losses[0]);
}

Tensor reduced(const Tensor& losses, Reduction reduction) {
  if (reduction == Reduction::none) return losses;
  const double divisor = Loss(reduction, losses.shape()).divisor;
  return divisor == 1 ? sum(losses) : sum(losses) / divisor;
}

Tensor weight(const Tensor& g, const Loss& loss) { return loss.divisor == 1 ? g : g / loss.divisor; }

void check_pair(const Call& call) {
  call.floating();
  if (call.shape(0) != call.shape(1))
    call.fail<ShapeError>("input is {}, target is {}", to_string(call.shape(0)), to_string(call.shape(1)));
}

}  // namespace xgrad::detail
