#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Threshold {
  static constexpr const char* name = "threshold";
  static constexpr const char* inputs[] = {"x", "threshold", "value"};
  static auto value(auto x, auto bound, auto other) { return where(x <= bound, other, x); }
  static auto da(auto g, auto x, auto bound, auto, auto) { return where(x <= bound, 0, g); }
};
}  // namespace rules

/// x where x > bound, else other, element by element, nan where x is; derivative 1 above the bound, else 0.
inline Tensor threshold(const Operand& x, double bound, double other) {
  return detail::apply<rules::Threshold>(x, bound, other);
}

}  // namespace xgrad
