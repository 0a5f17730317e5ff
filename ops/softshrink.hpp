#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Softshrink {
  static constexpr const char* name = "softshrink";
  static constexpr const char* inputs[] = {"x", "lambda"};
  static auto value(auto x, auto lambda) {
    return where(x > lambda, x - lambda, where(x < -lambda, x + lambda, 0 * x));
  }
  static auto da(auto g, auto, auto, auto y) { return where(y == 0, 0, g); }
};
}  // namespace rules

/// x made smaller by lambda, element by element, 0 where |x| <= lambda; derivative 0 there, else 1. A
/// lambda below 0 is a ValueError.
inline Tensor softshrink(const Operand& x, double lambda = 0.5) {
  if (!(lambda >= 0)) detail::refuse_option("softshrink", "lambda", lambda, "0 or more", x.site);
  return detail::apply<rules::Softshrink>(x, lambda);
}

}  // namespace xgrad
