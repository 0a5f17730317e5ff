#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Log2 {
  static constexpr const char* name = "log2";
  static auto value(auto x) { return log2(x); }
  static auto dx(auto g, auto x, auto) { return g / (x * 0.69314718055994530942); }
};
}  // namespace rules

/// The logarithm to base 2, element by element: -inf at 0, nan below; derivative 1 / (x log(2)).
inline Tensor log2(const Operand& x) { return detail::apply<rules::Log2>(x); }

}  // namespace xgrad
