#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Expm1 {
  static constexpr const char* name = "expm1";
  static auto value(auto x) { return expm1(x); }
  static auto dx(auto g, auto, auto y) { return g * (y + 1); }
};
}  // namespace rules

/// e^x - 1, element by element, exact also where x is small; derivative y + 1.
inline Tensor expm1(const Operand& x) { return detail::apply<rules::Expm1>(x); }

}  // namespace xgrad
