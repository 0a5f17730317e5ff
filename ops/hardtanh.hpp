#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Hardtanh {
  static constexpr const char* name = "hardtanh";
  static constexpr const char* inputs[] = {"x", "low", "high"};
  static auto value(auto x, auto low, auto high) { return minimum(maximum(x, low), high); }
  static auto da(auto g, auto x, auto low, auto high, auto) { return where(x <= low, 0, where(x >= high, 0, g)); }
};
}  // namespace rules

/// x kept within [low, high], element by element, nan where x is; derivative 1 inside, both bounds excluded, else 0: in
/// that it differs from clamp. A low above high is a ValueError.
inline Tensor hardtanh(const Operand& x, double low = -1, double high = 1) {
  if (!(low <= high)) detail::refuse_option("hardtanh", "high", high, "low or more", x.site);
  return detail::apply<rules::Hardtanh>(x, low, high);
}

}  // namespace xgrad
