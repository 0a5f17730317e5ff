#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Elu {
  static constexpr const char* name = "elu";
  static constexpr const char* inputs[] = {"x", "alpha"};
  static auto value(auto x, auto alpha) { return where(x > 0, x, alpha * expm1(x)); }
  static auto da(auto g, auto x, auto alpha, auto) { return where(x <= 0, g * alpha * exp(where(x < 0, x, 0)), g); }
};
}  // namespace rules

/// x where x > 0, else alpha (e^x - 1), element by element; derivative 1 above 0, else alpha e^x.
inline Tensor elu(const Operand& x, double alpha = 1) { return detail::apply<rules::Elu>(x, alpha); }

}  // namespace xgrad
