#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Round {
  static constexpr const char* name = "round";
  static auto value(auto x) { return round(x); }
  static auto dx(auto g, auto, auto) { return where(g == g, 0, g); }
};
}  // namespace rules

/// The nearest whole number, the even one of two, element by element; derivative 0 everywhere.
inline Tensor round(const Operand& x) { return detail::apply<rules::Round>(x); }

}  // namespace xgrad
