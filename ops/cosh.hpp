#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Cosh {
  static constexpr const char* name = "cosh";
  static auto value(auto x) { return cosh(x); }
  static auto dx(auto g, auto x, auto) { return g * sinh(x); }
};
}  // namespace rules

/// The hyperbolic cosine, element by element; derivative sinh(x).
inline Tensor cosh(const Operand& x) { return detail::apply<rules::Cosh>(x); }

}  // namespace xgrad
