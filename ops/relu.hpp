#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Relu {
  static constexpr const char* name = "relu";
  static auto value(auto x) { return where(x <= 0, 0, x); }
  static auto dx(auto g, auto, auto y) { return where(y <= 0, 0, g); }
};
}  // namespace rules

/// max(x, 0), element by element, nan where x is; derivative 1 above 0, else 0.
inline Tensor relu(const Operand& x) { return detail::apply<rules::Relu>(x); }

}  // namespace xgrad
