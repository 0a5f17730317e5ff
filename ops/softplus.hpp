#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Softplus {
  static constexpr const char* name = "softplus";
  static constexpr const char* inputs[] = {"x", "beta"};
  static auto value(auto x, auto beta) {
    auto z = beta * x;
    return (maximum(z, 0) + log1p(exp(-abs(z)))) / beta;
  }
  static auto da(auto g, auto x, auto beta, auto) { return g * sigmoid(beta * x); }
};
}  // namespace rules

/// log(1 + e^(beta x)) / beta, element by element, a smooth relu that never overflows; derivative sigmoid(beta x).
inline Tensor softplus(const Operand& x, double beta = 1) { return detail::apply<rules::Softplus>(x, beta); }

}  // namespace xgrad
