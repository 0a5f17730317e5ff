#pragma once
#include <cstdint>

namespace xgrad::nn {

/// Half a cosine, from `lr` at step 0 down to `low` at step `steps` and after:
/// low + (lr - low) (1 + cos(pi step / steps)) / 2 (Loshchilov and Hutter, "SGDR", 2017).
double cosine_lr(double lr, std::int64_t step, std::int64_t steps, double low = 0) noexcept;

}  // namespace xgrad::nn
