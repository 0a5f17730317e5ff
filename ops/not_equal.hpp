#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct NotEqual {
  static constexpr const char* name = "not_equal";
  static constexpr bool integers = true, booleans = true;
  static auto value(auto a, auto b) { return a != b; }
};
}  // namespace rules

/// The boolean mask a != b, element by element, true where either is nan; no derivative. Also for int64 and boolean.
inline Tensor not_equal(const Operand& a, const Operand& b) { return detail::apply<rules::NotEqual>(a, b); }
inline Tensor operator!=(const Operand& a, const Operand& b) { return not_equal(a, b); }

}  // namespace xgrad
