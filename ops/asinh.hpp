#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Asinh {
  static constexpr const char* name = "asinh";
  static auto value(auto x) { return asinh(x); }
  static auto dx(auto g, auto x, auto) { return g / sqrt(1 + x * x); }
};
}  // namespace rules

/// The inverse of sinh, element by element; derivative 1 / sqrt(1 + x^2).
inline Tensor asinh(const Operand& x) { return detail::apply<rules::Asinh>(x); }

}  // namespace xgrad
