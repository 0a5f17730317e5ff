#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Acos {
  static constexpr const char* name = "acos";
  static auto value(auto x) { return acos(x); }
  static auto dx(auto g, auto x, auto) { return -g / sqrt((1 - x) * (1 + x)); }
};
}  // namespace rules

/// The arc cosine in [0, pi], element by element, nan beyond +-1; derivative -1 / sqrt(1 - x^2), -inf at +-1.
inline Tensor acos(const Operand& x) { return detail::apply<rules::Acos>(x); }

}  // namespace xgrad
