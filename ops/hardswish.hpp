#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Hardswish {
  static constexpr const char* name = "hardswish";
  static auto value(auto x) { return x * (minimum(maximum(x + 3, 0), 6) / 6); }
  static auto dx(auto g, auto x, auto) { return where(x <= -3, 0, where(x < 3, g * (x / 3 + 0.5), g)); }
};
}  // namespace rules

/// x hardsigmoid(x), element by element; derivative x / 3 + 1/2 within (-3, 3), 0 up to -3 and 1 from 3 on.
inline Tensor hardswish(const Operand& x) { return detail::apply<rules::Hardswish>(x); }

}  // namespace xgrad
