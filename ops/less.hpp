#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Less {
  static constexpr const char* name = "less";
  static constexpr bool integers = true;
  static auto value(auto a, auto b) { return a < b; }
};
}  // namespace rules

/// The boolean mask a < b, element by element, false where either is nan; no derivative. Also for int64.
inline Tensor less(const Operand& a, const Operand& b) { return detail::apply<rules::Less>(a, b); }
inline Tensor operator<(const Operand& a, const Operand& b) { return less(a, b); }

}  // namespace xgrad
