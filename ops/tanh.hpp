#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Tanh {
  static constexpr const char* name = "tanh";
  static auto value(auto x) { return tanh(x); }
  static auto dx(auto g, auto, auto y) { return g * (1 - y * y); }
};
}  // namespace rules

/// The hyperbolic tangent, element by element; derivative 1 - y^2.
inline Tensor tanh(const Operand& x) { return detail::apply<rules::Tanh>(x); }

}  // namespace xgrad
