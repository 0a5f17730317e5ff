#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Acosh {
  static constexpr const char* name = "acosh";
  static auto value(auto x) { return acosh(x); }
  static auto dx(auto g, auto x, auto) { return g / (sqrt(x - 1) * sqrt(x + 1)); }
};
}  // namespace rules

/// The inverse of cosh, element by element, nan below 1; derivative 1 / sqrt(x^2 - 1), inf at 1.
inline Tensor acosh(const Operand& x) { return detail::apply<rules::Acosh>(x); }

}  // namespace xgrad
