#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Atan2 {
  static constexpr const char* name = "atan2";
  static auto value(auto a, auto b) { return atan2(a, b); }
  static auto da(auto g, auto a, auto b, auto) { return g * over_square(b, hypot(a, b)); }
  static auto db(auto g, auto a, auto b, auto) { return -g * over_square(a, hypot(a, b)); }
  // u / h^2, 0 where h is, without h^2, which may overflow.
  static auto over_square(auto u, auto h) {
    auto divisor = where(h == 0, 1, h);
    return u / divisor / divisor;
  }
};
}  // namespace rules

/// The angle of the point (b, a) in [-pi, pi], element by element: atan(a / b) in the right quadrant; derivatives
/// b / (a^2 + b^2) and -a / (a^2 + b^2), both 0 at (0, 0).
inline Tensor atan2(const Operand& a, const Operand& b) { return detail::apply<rules::Atan2>(a, b); }

}  // namespace xgrad
