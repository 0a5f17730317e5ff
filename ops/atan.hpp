#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Atan {
  static constexpr const char* name = "atan";
  static auto value(auto x) { return atan(x); }
  static auto dx(auto g, auto x, auto) { return g / (1 + x * x); }
};
}  // namespace rules

/// The arc tangent in [-pi/2, pi/2], element by element; derivative 1 / (1 + x^2).
inline Tensor atan(const Operand& x) { return detail::apply<rules::Atan>(x); }

}  // namespace xgrad
