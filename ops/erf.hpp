#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Erf {
  static constexpr const char* name = "erf";
  static constexpr double sqrt_pi = 1.7724538509055160273;
  static auto value(auto x) { return erf(x); }
  static auto dx(auto g, auto x, auto) { return g * (2 / sqrt_pi) * exp(-x * x); }
};
}  // namespace rules

/// The error function, element by element: 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x;
/// derivative 2 / sqrt(pi) e^(-x^2).
inline Tensor erf(const Operand& x) { return detail::apply<rules::Erf>(x); }

}  // namespace xgrad
