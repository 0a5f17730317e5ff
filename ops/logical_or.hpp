#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct LogicalOr {
  static constexpr const char* name = "logical_or";
  static constexpr bool floats = false, booleans = true;
  static auto value(auto a, auto b) { return maximum(a, b) != 0; }
};
}  // namespace rules

/// The boolean mask a or b, element by element, for boolean a and b; no derivative.
inline Tensor logical_or(const Operand& a, const Operand& b) { return detail::apply<rules::LogicalOr>(a, b); }

}  // namespace xgrad
