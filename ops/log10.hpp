#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Log10 {
  static constexpr const char* name = "log10";
  static auto value(auto x) { return log10(x); }
  static auto dx(auto g, auto x, auto) { return g / (x * 2.3025850929940456840); }
};
}  // namespace rules

/// The logarithm to base 10, element by element: -inf at 0, nan below; derivative 1 / (x log(10)).
inline Tensor log10(const Operand& x) { return detail::apply<rules::Log10>(x); }

}  // namespace xgrad
