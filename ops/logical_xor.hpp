#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct LogicalXor {
  static constexpr const char* name = "logical_xor";
  static constexpr bool floats = false, booleans = true;
  static auto value(auto a, auto b) { return a != b; }
};
}  // namespace rules

/// The boolean mask one of a and b, not both, element by element, for boolean a and b; no derivative.
inline Tensor logical_xor(const Operand& a, const Operand& b) { return detail::apply<rules::LogicalXor>(a, b); }

}  // namespace xgrad
