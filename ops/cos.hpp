#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Cos {
  static constexpr const char* name = "cos";
  static auto value(auto x) { return cos(x); }
  static auto dx(auto g, auto x, auto) { return -g * sin(x); }
};
}  // namespace rules

/// The cosine, element by element; derivative -sin(x).
inline Tensor cos(const Operand& x) { return detail::apply<rules::Cos>(x); }

}  // namespace xgrad
