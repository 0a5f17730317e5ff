#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Step {
  static constexpr const char* name = "step";
  static auto value(auto x) { return where(x > 0, 1, where(x <= 0, 0, x)); }
  static auto dx(auto g, auto, auto) { return where(g == g, 0, g); }
};
}  // namespace rules

/// 1 where x > 0, else 0 (nan where x is), element by element: the perceptron's activation; derivative 0 everywhere.
inline Tensor step(const Operand& x) { return detail::apply<rules::Step>(x); }

}  // namespace xgrad
