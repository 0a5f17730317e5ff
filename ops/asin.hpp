#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Asin {
  static constexpr const char* name = "asin";
  static auto value(auto x) { return asin(x); }
  static auto dx(auto g, auto x, auto) { return g / sqrt((1 - x) * (1 + x)); }
};
}  // namespace rules

/// The arc sine in [-pi/2, pi/2], element by element, nan beyond +-1; derivative 1 / sqrt(1 - x^2), inf at +-1.
inline Tensor asin(const Operand& x) { return detail::apply<rules::Asin>(x); }

}  // namespace xgrad
