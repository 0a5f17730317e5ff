#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Rsqrt {
  static constexpr const char* name = "rsqrt";
  static auto value(auto x) { return 1 / sqrt(x); }
  static auto dx(auto g, auto, auto y) { return -0.5 * g * y * y * y; }
};
}  // namespace rules

/// 1 / sqrt(x), element by element: inf at 0, nan below; derivative -y^3 / 2.
inline Tensor rsqrt(const Operand& x) { return detail::apply<rules::Rsqrt>(x); }

}  // namespace xgrad
