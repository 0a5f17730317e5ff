#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Logaddexp {
  static constexpr const char* name = "logaddexp";
  static auto value(auto a, auto b) { return maximum(a, b) + log1p(exp(-abs(difference(a, b)))); }
  static auto da(auto g, auto a, auto b, auto) { return g * sigmoid(difference(a, b)); }
  static auto db(auto g, auto a, auto b, auto) { return g * sigmoid(difference(b, a)); }
  // 0 for equal infinities.
  static auto difference(auto a, auto b) {
    auto d = a - b;
    return where(d == d, d, where(a == b, 0, d));
  }
};
}  // namespace rules

/// log(e^a + e^b), element by element, without overflow; derivatives sigmoid(a - b) and sigmoid(b - a), 1/2 each where
/// a and b are the same infinity.
inline Tensor logaddexp(const Operand& a, const Operand& b) { return detail::apply<rules::Logaddexp>(a, b); }

}  // namespace xgrad
