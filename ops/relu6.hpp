#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Relu6 {
  static constexpr const char* name = "relu6";
  static auto value(auto x) { return minimum(maximum(x, 0), 6); }
  static auto dx(auto g, auto, auto y) { return where(y <= 0, 0, where(y >= 6, 0, g)); }
};
}  // namespace rules

/// x kept within [0, 6], element by element, nan where x is; derivative 1 inside, both bounds excluded, else 0.
inline Tensor relu6(const Operand& x) { return detail::apply<rules::Relu6>(x); }

}  // namespace xgrad
