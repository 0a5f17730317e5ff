#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct LogSigmoid {
  static constexpr const char* name = "log_sigmoid";
  static auto value(auto x) { return minimum(x, 0) - log1p(exp(-abs(x))); }
  static auto dx(auto g, auto x, auto) { return g * sigmoid(-x); }
};
}  // namespace rules

/// log(sigmoid(x)), element by element, without overflow; derivative sigmoid(-x).
inline Tensor log_sigmoid(const Operand& x) { return detail::apply<rules::LogSigmoid>(x); }

}  // namespace xgrad
