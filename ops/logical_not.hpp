#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct LogicalNot {
  static constexpr const char* name = "logical_not";
  static constexpr bool floats = false, booleans = true;
  static auto value(auto x) { return x == 0; }
};
}  // namespace rules

/// The boolean mask of what is not set in the boolean x, element by element; no derivative.
inline Tensor logical_not(const Operand& x) { return detail::apply<rules::LogicalNot>(x); }
inline Tensor operator!(const Operand& x) { return logical_not(x); }

}  // namespace xgrad
