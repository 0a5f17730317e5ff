#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Fmod {
  static constexpr const char* name = "fmod";
  static auto value(auto a, auto b) { return fmod(a, b); }
  static auto da(auto g, auto, auto, auto) { return g; }
  static auto db(auto g, auto a, auto b, auto) { return -g * trunc(a / b); }
};
}  // namespace rules

/// What a division a / b with a whole quotient leaves, with the sign of a, element by element: C's fmod; derivatives 1
/// and -trunc(a / b).
inline Tensor fmod(const Operand& a, const Operand& b) { return detail::apply<rules::Fmod>(a, b); }

}  // namespace xgrad
