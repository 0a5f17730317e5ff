#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct GeluTanh {
  static constexpr const char* name = "gelu_tanh";
  static constexpr double scale = 1.5957691216057307117, cubic = 0.044715;  // 2 sqrt(2 / pi)
  // (1 + tanh(u)) / 2 is sigmoid(2 u), without the cancellation below 0.
  static auto value(auto x) { return times_sigmoid(x, scale * (x + cubic * x * x * x)); }
  // Beyond +-30 it is 1 or 0 to the last bit, while x^3 may overflow.
  static auto dx(auto g, auto at, auto) {
    auto x = maximum(minimum(at, 30), -30);
    auto s = sigmoid(scale * (x + cubic * x * x * x));
    return g * s * (1 + x * (1 - s) * scale * (1 + 3 * cubic * x * x));
  }
};
}  // namespace rules

/// The gelu by the formula x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, element by element, as in GPT-2: within
/// 1e-3 of gelu.
inline Tensor gelu_tanh(const Operand& x) { return detail::apply<rules::GeluTanh>(x); }

}  // namespace xgrad
