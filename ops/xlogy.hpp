#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Xlogy {
  static constexpr const char* name = "xlogy";
  static auto value(auto a, auto b) { return where(b == b, where(a == 0, 0, a * log(b)), b); }
  static auto da(auto g, auto a, auto b, auto) { return g * log(where(a == 0, where(b <= 0, 1, b), b)); }
  static auto db(auto g, auto a, auto b, auto) { return g * (a / b); }
};
}  // namespace rules

/// a log(b), element by element, 0 where a is 0, unless b is nan; derivatives log(b), which is 0 where a = 0 and b <=
/// 0, and a / b.
inline Tensor xlogy(const Operand& a, const Operand& b) { return detail::apply<rules::Xlogy>(a, b); }

}  // namespace xgrad
