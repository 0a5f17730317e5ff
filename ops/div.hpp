#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Div {
  static constexpr const char* name = "div";
  static auto value(auto a, auto b) { return a / b; }
  static auto da(auto g, auto, auto b, auto) { return g / b; }
  static auto db(auto g, auto, auto b, auto y) { return -g * y / b; }
};
}  // namespace rules

/// The quotient y = a / b, element by element; derivatives 1 / b and -y / b.
inline Tensor div(const Operand& a, const Operand& b) { return detail::apply<rules::Div>(a, b); }
inline Tensor operator/(const Operand& a, const Operand& b) { return div(a, b); }

}  // namespace xgrad
