#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Softsign {
  static constexpr const char* name = "softsign";
  static auto value(auto x) { return x / (1 + abs(x)); }
  static auto dx(auto g, auto x, auto) { return g / square(1 + abs(x)); }
};
}  // namespace rules

/// x / (1 + |x|), element by element; derivative 1 / (1 + |x|)^2.
inline Tensor softsign(const Operand& x) { return detail::apply<rules::Softsign>(x); }

}  // namespace xgrad
