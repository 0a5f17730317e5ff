#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Pow {
  static constexpr const char* name = "pow";
  static auto value(auto a, auto b) { return pow(a, b); }
  // What is raised or put through log is replaced where its derivative would be a nan times zero; where b = 0, only
  // an a that has no reciprocal: this derivative's own by b is 1 / a there.
  static auto da(auto g, auto a, auto b, auto) { return g * b * pow(where(b == 0, where(a * a > 0, a, 1), a), b - 1); }
  static auto db(auto g, auto a, auto b, auto y) { return g * y * log(where(a == 0, where(b >= 0, 1, a), a)); }
};
}  // namespace rules

/// a to the power b, element by element: C's pow, so negative a with a whole b is a number, with another b nan.
/// Derivatives b a^(b-1), which is 0 where b = 0, and a^b log(a), which is 0 where a = 0 and b >= 0.
inline Tensor pow(const Operand& a, const Operand& b) { return detail::apply<rules::Pow>(a, b); }

}  // namespace xgrad
