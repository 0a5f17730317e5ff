#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Sinh {
  static constexpr const char* name = "sinh";
  static auto value(auto x) { return sinh(x); }
  static auto dx(auto g, auto x, auto) { return g * cosh(x); }
};
}  // namespace rules

/// The hyperbolic sine, element by element; derivative cosh(x).
inline Tensor sinh(const Operand& x) { return detail::apply<rules::Sinh>(x); }

}  // namespace xgrad
