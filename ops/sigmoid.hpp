#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Sigmoid {
  static constexpr const char* name = "sigmoid";
  static auto value(auto x) { return sigmoid(x); }
  static auto dx(auto g, auto, auto y) { return g * y * (1 - y); }
};
}  // namespace rules

/// The logistic function 1 / (1 + e^-x), element by element; derivative y (1 - y).
inline Tensor sigmoid(const Operand& x) { return detail::apply<rules::Sigmoid>(x); }

}  // namespace xgrad
