#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct LogicalAnd {
  static constexpr const char* name = "logical_and";
  static constexpr bool floats = false, booleans = true;
  static auto value(auto a, auto b) { return minimum(a, b) != 0; }
};
}  // namespace rules

/// The boolean mask a and b, element by element, for boolean a and b; no derivative.
inline Tensor logical_and(const Operand& a, const Operand& b) { return detail::apply<rules::LogicalAnd>(a, b); }

}  // namespace xgrad
