#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Hypot {
  static constexpr const char* name = "hypot";
  static auto value(auto a, auto b) { return hypot(a, b); }
  static auto da(auto g, auto a, auto, auto y) { return g * (a / y); }
  static auto db(auto g, auto, auto b, auto y) { return g * (b / y); }
};
}  // namespace rules

/// sqrt(a^2 + b^2), element by element, without overflow in between; derivatives a / y and b / y, nan at (0, 0).
inline Tensor hypot(const Operand& a, const Operand& b) { return detail::apply<rules::Hypot>(a, b); }

}  // namespace xgrad
