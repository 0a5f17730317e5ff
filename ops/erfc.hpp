#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Erfc {
  static constexpr const char* name = "erfc";
  static constexpr double sqrt_pi = 1.7724538509055160273;
  static auto value(auto x) { return erfc(x); }
  static auto dx(auto g, auto x, auto) { return -g * (2 / sqrt_pi) * exp(-x * x); }
};
}  // namespace rules

/// 1 - erf(x), element by element, exact also where erf is 1 to rounding; derivative -2 / sqrt(pi) e^(-x^2).
inline Tensor erfc(const Operand& x) { return detail::apply<rules::Erfc>(x); }

}  // namespace xgrad
