#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Silu {
  static constexpr const char* name = "silu";
  static auto value(auto x) { return times_sigmoid(x, x); }
  static auto dx(auto g, auto x, auto) {
    auto s = sigmoid(x);
    return g * s * (1 + x * (1 - s));
  }
};
}  // namespace rules

/// The sigmoid linear unit x s with s = sigmoid(x), element by element; derivative s (1 + x (1 - s)).
inline Tensor silu(const Operand& x) { return detail::apply<rules::Silu>(x); }

}  // namespace xgrad
