#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Floor {
  static constexpr const char* name = "floor";
  static auto value(auto x) { return floor(x); }
  static auto dx(auto g, auto, auto) { return where(g == g, 0, g); }
};
}  // namespace rules

/// The largest whole number that is not above x, element by element; derivative 0 everywhere.
inline Tensor floor(const Operand& x) { return detail::apply<rules::Floor>(x); }

}  // namespace xgrad
