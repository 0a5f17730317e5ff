#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Sign {
  static constexpr const char* name = "sign";
  static auto value(auto x) { return where(x > 0, 1, where(x < 0, -1, x + 0)); }
  static auto dx(auto g, auto, auto) { return where(g == g, 0, g); }
};
}  // namespace rules

/// 1 above 0, -1 below, 0 at 0 (nan where x is), element by element; derivative 0 everywhere.
inline Tensor sign(const Operand& x) { return detail::apply<rules::Sign>(x); }

}  // namespace xgrad
