#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Selu {
  static constexpr const char* name = "selu";
  static constexpr double scale = 1.0507009873554804934, alpha = 1.6732632423543772848;
  static auto value(auto x) { return where(x > 0, scale * x, scale * alpha * expm1(x)); }
  static auto dx(auto g, auto x, auto) { return where(x <= 0, scale * alpha * g * exp(where(x < 0, x, 0)), scale * g); }
};
}  // namespace rules

/// 1.0507 elu(x, 1.6733), element by element: the unit that keeps mean 0 and variance 1 (Klambauer et al., 2017).
inline Tensor selu(const Operand& x) { return detail::apply<rules::Selu>(x); }

}  // namespace xgrad
