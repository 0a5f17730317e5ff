#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Log {
  static constexpr const char* name = "log";
  static auto value(auto x) { return log(x); }
  static auto dx(auto g, auto x, auto) { return g / x; }
};
}  // namespace rules

/// The natural logarithm, element by element: -inf at 0, nan below; derivative 1 / x.
inline Tensor log(const Operand& x) { return detail::apply<rules::Log>(x); }

}  // namespace xgrad
