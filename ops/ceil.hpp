#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Ceil {
  static constexpr const char* name = "ceil";
  static auto value(auto x) { return ceil(x); }
  static auto dx(auto g, auto, auto) { return where(g == g, 0, g); }
};
}  // namespace rules

/// The smallest whole number that is not below x, element by element; derivative 0 everywhere.
inline Tensor ceil(const Operand& x) { return detail::apply<rules::Ceil>(x); }

}  // namespace xgrad
