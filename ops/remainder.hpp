#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Remainder {
  static constexpr const char* name = "remainder";
  // fmod's, or that and b where the signs differ.
  static auto value(auto a, auto b) {
    auto r = fmod(a, b);
    return where(r < 0, where(b > 0, r + b, r), where(r > 0, where(b < 0, r + b, r), r));
  }
  static auto da(auto g, auto, auto, auto) { return g; }
  // Minus the whole quotient, which a / b rounds: it is one less than fmod's where y is not what fmod leaves.
  static auto db(auto g, auto a, auto b, auto y) {
    auto r = fmod(a, b);
    auto quotient = round((a - r) / b);
    return -g * where(b == 0, floor(a / b), where(y == r, quotient, quotient - 1));
  }
};
}  // namespace rules

/// What a division a / b with a whole quotient leaves, with the sign of b, element by element: Python's %; derivatives
/// 1 and -floor(a / b).
inline Tensor remainder(const Operand& a, const Operand& b) { return detail::apply<rules::Remainder>(a, b); }

}  // namespace xgrad
