#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Equal {
  static constexpr const char* name = "equal";
  static constexpr bool integers = true, booleans = true;
  static auto value(auto a, auto b) { return a == b; }
};
}  // namespace rules

/// The boolean mask a == b, element by element, false where either is nan; no derivative. Also for int64 and boolean.
inline Tensor equal(const Operand& a, const Operand& b) { return detail::apply<rules::Equal>(a, b); }
inline Tensor operator==(const Operand& a, const Operand& b) { return equal(a, b); }

}  // namespace xgrad
