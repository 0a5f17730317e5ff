#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Exp {
  static constexpr const char* name = "exp";
  static auto value(auto x) { return exp(x); }
  static auto dx(auto g, auto, auto y) { return g * y; }
};
}  // namespace rules

/// e^x, element by element; derivative y.
inline Tensor exp(const Operand& x) { return detail::apply<rules::Exp>(x); }

}  // namespace xgrad
