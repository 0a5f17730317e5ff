#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Frac {
  static constexpr const char* name = "frac";
  static auto value(auto x) { return x - trunc(x); }
  static auto dx(auto g, auto, auto) { return g; }
};
}  // namespace rules

/// The fraction x - trunc(x), with the sign of x, element by element; derivative 1.
inline Tensor frac(const Operand& x) { return detail::apply<rules::Frac>(x); }

}  // namespace xgrad
