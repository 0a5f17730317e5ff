#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Mish {
  static constexpr const char* name = "mish";
  // With s = sigmoid(x) and q = 1 - s, tanh(log(1 + e^x)) is s (1 + q) / (1 + q^2).
  static auto value(auto x) { return mish(x); }
  static auto dx(auto g, auto x, auto) {
    auto s = sigmoid(x), q = 1 - s, r = 1 / (1 + q * q);
    return g * s * r * (1 + q + 4 * x * q * q * r);
  }
};
}  // namespace rules

/// x tanh(log(1 + e^x)), element by element, a smooth unit (Misra, 2019).
inline Tensor mish(const Operand& x) { return detail::apply<rules::Mish>(x); }

}  // namespace xgrad
