#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct LeakyRelu {
  static constexpr const char* name = "leaky_relu";
  static constexpr const char* inputs[] = {"x", "slope"};
  static auto value(auto x, auto slope) { return where(x > 0, x, slope * x); }
  static auto da(auto g, auto x, auto slope, auto) { return where(x > 0, g, slope * g); }
};
}  // namespace rules

/// x where x > 0, else slope x, element by element; derivative 1 above 0, else slope.
inline Tensor leaky_relu(const Operand& x, double slope = 0.01) { return detail::apply<rules::LeakyRelu>(x, slope); }

}  // namespace xgrad
