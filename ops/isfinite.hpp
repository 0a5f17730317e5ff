#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Isfinite {
  static constexpr const char* name = "isfinite";
  static auto value(auto x) { return abs(x) < __builtin_inf(); }
};
}  // namespace rules

/// The boolean mask of what is neither inf, -inf nor nan, element by element; no derivative.
inline Tensor isfinite(const Operand& x) { return detail::apply<rules::Isfinite>(x); }

}  // namespace xgrad
