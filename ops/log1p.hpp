#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Log1p {
  static constexpr const char* name = "log1p";
  static auto value(auto x) { return log1p(x); }
  static auto dx(auto g, auto x, auto) { return g / (1 + x); }
};
}  // namespace rules

/// log(1 + x), element by element, exact also where x is small: -inf at -1, nan below; derivative 1 / (1 + x).
inline Tensor log1p(const Operand& x) { return detail::apply<rules::Log1p>(x); }

}  // namespace xgrad
