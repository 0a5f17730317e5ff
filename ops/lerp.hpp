#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Lerp {
  static constexpr const char* name = "lerp";
  static constexpr const char* inputs[] = {"a", "b", "weight"};
  // From the nearer end, so that it is b for weight 1.
  static auto value(auto a, auto b, auto w) { return where(abs(w) < 0.5, a + w * (b - a), b - (b - a) * (1 - w)); }
  static auto da(auto g, auto, auto, auto w, auto) { return g * (1 - w); }
  static auto db(auto g, auto, auto, auto w, auto) { return g * w; }
  static auto dc(auto g, auto a, auto b, auto, auto) { return g * (b - a); }
};
}  // namespace rules

/// a + weight (b - a), element by element; derivatives 1 - weight, weight and b - a.
inline Tensor lerp(const Operand& a, const Operand& b, const Operand& weight) {
  return detail::apply<rules::Lerp>(a, b, weight);
}

}  // namespace xgrad
