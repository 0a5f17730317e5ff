#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Square {
  static constexpr const char* name = "square";
  static constexpr bool integers = true;
  static auto value(auto x) { return square(x); }
  static auto dx(auto g, auto x, auto) { return 2 * g * x; }
};
}  // namespace rules

/// x^2, element by element; derivative 2 x. Also for int64.
inline Tensor square(const Operand& x) { return detail::apply<rules::Square>(x); }

}  // namespace xgrad
