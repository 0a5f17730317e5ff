#pragma once
#include <xgrad/ops/greater.hpp>
#include <xgrad/ops/sqrt.hpp>
#include <xgrad/ops/where.hpp>

namespace xgrad::detail {

/// The square root of what is not negative, with derivative 0, not inf, at 0; nan stays nan.
inline Tensor root(const Tensor& x) {
  const Tensor positive = x > 0;
  return where(positive, sqrt(where(positive, x, 1)), x.detach());
}

}  // namespace xgrad::detail
