#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Sqrt {
  static constexpr const char* name = "sqrt";
  static auto value(auto x) { return sqrt(x); }
  static auto dx(auto g, auto, auto y) { return g / (2 * y); }
};
}  // namespace rules

/// The square root, element by element: nan below 0; derivative 1 / (2 y), which is inf at 0.
inline Tensor sqrt(const Operand& x) { return detail::apply<rules::Sqrt>(x); }

}  // namespace xgrad
