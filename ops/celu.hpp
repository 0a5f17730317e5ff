#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Celu {
  static constexpr const char* name = "celu";
  static constexpr const char* inputs[] = {"x", "alpha"};
  static auto value(auto x, auto alpha) { return where(x > 0, x, alpha * expm1(x / alpha)); }
  static auto da(auto g, auto x, auto alpha, auto) { return where(x <= 0, g * exp(where(x < 0, x, 0) / alpha), g); }
};
}  // namespace rules

/// x where x > 0, else alpha (e^(x / alpha) - 1), element by element; derivative 1 above 0, else e^(x / alpha). An
/// alpha of 0 is a ValueError.
inline Tensor celu(const Operand& x, double alpha = 1) {
  if (alpha == 0) detail::refuse_option("celu", "alpha", alpha, "another number", x.site);
  return detail::apply<rules::Celu>(x, alpha);
}

}  // namespace xgrad
