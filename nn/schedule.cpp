#include <xgrad/nn/schedule.hpp>

#include <cmath>
#include <numbers>

namespace xgrad::nn {

double cosine_lr(double lr, std::int64_t step, std::int64_t steps, double low) noexcept {
  if (step >= steps) return low;
  const double done = static_cast<double>(step) / static_cast<double>(steps);
  return low + (lr - low) * (1 + std::cos(std::numbers::pi * done)) / 2;
}

}  // namespace xgrad::nn
