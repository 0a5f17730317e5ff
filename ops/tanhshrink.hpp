#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Tanhshrink {
  static constexpr const char* name = "tanhshrink";
  static auto value(auto x) { return x - tanh(x); }
  static auto dx(auto g, auto x, auto) { return g * square(tanh(x)); }
};
}  // namespace rules

/// x - tanh(x), element by element; derivative tanh(x)^2.
inline Tensor tanhshrink(const Operand& x) { return detail::apply<rules::Tanhshrink>(x); }

}  // namespace xgrad
