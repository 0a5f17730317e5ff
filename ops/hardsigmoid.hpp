#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Hardsigmoid {
  static constexpr const char* name = "hardsigmoid";
  static auto value(auto x) { return minimum(maximum(x + 3, 0), 6) / 6; }
  static auto dx(auto g, auto x, auto) { return where(x > -3, where(x < 3, g / 6, 0), 0); }
};
}  // namespace rules

/// x / 6 + 1/2 kept within [0, 1], element by element; derivative 1/6 inside, both bounds excluded, else 0.
inline Tensor hardsigmoid(const Operand& x) { return detail::apply<rules::Hardsigmoid>(x); }

}  // namespace xgrad
