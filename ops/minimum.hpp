#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Minimum {
  static constexpr const char* name = "minimum";
  static constexpr bool integers = true;
  static auto value(auto a, auto b) { return minimum(a, b); }
  static auto da(auto g, auto a, auto b, auto) { return where(a == b, g / 2, where(a > b, 0, g)); }
  static auto db(auto g, auto a, auto b, auto) { return where(a == b, g / 2, where(b > a, 0, g)); }
};
}  // namespace rules

/// The smaller of a and b, element by element, nan where either is; the gradient goes to the smaller one, and half to
/// each where they are equal. Also for int64.
inline Tensor minimum(const Operand& a, const Operand& b) { return detail::apply<rules::Minimum>(a, b); }

}  // namespace xgrad
