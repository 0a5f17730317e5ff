#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Hardshrink {
  static constexpr const char* name = "hardshrink";
  static constexpr const char* inputs[] = {"x", "lambda"};
  static auto value(auto x, auto lambda) { return where(abs(x) <= lambda, 0, x); }
  static auto da(auto g, auto x, auto lambda, auto) { return where(abs(x) <= lambda, 0, g); }
};
}  // namespace rules

/// x, or 0 where |x| <= lambda, element by element; derivative 0 there, else 1.
inline Tensor hardshrink(const Operand& x, double lambda = 0.5) { return detail::apply<rules::Hardshrink>(x, lambda); }

}  // namespace xgrad
