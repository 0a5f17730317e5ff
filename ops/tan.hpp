#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Tan {
  static constexpr const char* name = "tan";
  static auto value(auto x) { return tan(x); }
  static auto dx(auto g, auto, auto y) { return g * (1 + y * y); }
};
}  // namespace rules

/// The tangent, element by element; derivative 1 + y^2.
inline Tensor tan(const Operand& x) { return detail::apply<rules::Tan>(x); }

}  // namespace xgrad
