#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Clamp {
  static constexpr const char* name = "clamp";
  static constexpr const char* inputs[] = {"x", "low", "high"};
  static constexpr bool integers = true;
  static auto value(auto x, auto low, auto high) { return minimum(maximum(x, low), high); }
  static auto da(auto g, auto x, auto low, auto high, auto) { return where(x >= low, where(x <= high, g, 0), 0); }
};
}  // namespace rules

/// x kept within [low, high], element by element, nan where x is; derivative 1 inside, both bounds included, else 0.
/// Also for int64.
inline Tensor clamp(const Operand& x, double low, double high) { return detail::apply<rules::Clamp>(x, low, high); }

}  // namespace xgrad
