#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Reciprocal {
  static constexpr const char* name = "reciprocal";
  static auto value(auto x) { return 1 / x; }
  static auto dx(auto g, auto, auto y) { return -g * y * y; }
};
}  // namespace rules

/// 1 / x, element by element; derivative -y^2.
inline Tensor reciprocal(const Operand& x) { return detail::apply<rules::Reciprocal>(x); }

}  // namespace xgrad
