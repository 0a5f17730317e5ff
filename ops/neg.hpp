#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Neg {
  static constexpr const char* name = "neg";
  static constexpr bool integers = true;
  static auto value(auto x) { return -x; }
  static auto dx(auto g, auto, auto) { return -g; }
};
}  // namespace rules

/// The negative -x, element by element; derivative -1. Also for int64.
inline Tensor neg(const Operand& x) { return detail::apply<rules::Neg>(x); }
inline Tensor operator-(const Operand& x) { return neg(x); }

}  // namespace xgrad
