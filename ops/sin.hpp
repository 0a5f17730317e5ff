#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Sin {
  static constexpr const char* name = "sin";
  static auto value(auto x) { return sin(x); }
  static auto dx(auto g, auto x, auto) { return g * cos(x); }
};
}  // namespace rules

/// The sine, element by element; derivative cos(x).
inline Tensor sin(const Operand& x) { return detail::apply<rules::Sin>(x); }

}  // namespace xgrad
