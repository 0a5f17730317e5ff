#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Atanh {
  static constexpr const char* name = "atanh";
  static auto value(auto x) { return atanh(x); }
  static auto dx(auto g, auto x, auto) { return g / ((1 - x) * (1 + x)); }
};
}  // namespace rules

/// The inverse of tanh, element by element: +-inf at +-1, nan beyond; derivative 1 / (1 - x^2).
inline Tensor atanh(const Operand& x) { return detail::apply<rules::Atanh>(x); }

}  // namespace xgrad
