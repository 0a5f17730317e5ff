#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Abs {
  static constexpr const char* name = "abs";
  static constexpr bool integers = true;
  static auto value(auto x) { return abs(x); }
  static auto dx(auto g, auto x, auto) { return where(x > 0, g, where(x < 0, -g, 0)); }
};
}  // namespace rules

/// |x|, element by element; derivative the sign of x, 0 at 0. Also for int64.
inline Tensor abs(const Operand& x) { return detail::apply<rules::Abs>(x); }

}  // namespace xgrad
