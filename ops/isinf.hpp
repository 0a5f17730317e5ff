#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Isinf {
  static constexpr const char* name = "isinf";
  static auto value(auto x) { return abs(x) == __builtin_inf(); }
};
}  // namespace rules

/// The boolean mask of inf and -inf, element by element; no derivative.
inline Tensor isinf(const Operand& x) { return detail::apply<rules::Isinf>(x); }

}  // namespace xgrad
