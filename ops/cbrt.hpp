#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Cbrt {
  static constexpr const char* name = "cbrt";
  static auto value(auto x) { return cbrt(x); }
  static auto dx(auto g, auto, auto y) { return g / (3 * y * y); }
};
}  // namespace rules

/// The cube root, element by element, negative below 0; derivative 1 / (3 y^2), which is inf at 0.
inline Tensor cbrt(const Operand& x) { return detail::apply<rules::Cbrt>(x); }

}  // namespace xgrad
