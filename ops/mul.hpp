#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Mul {
  static constexpr const char* name = "mul";
  static constexpr bool integers = true;
  static auto value(auto a, auto b) { return a * b; }
  static auto da(auto g, auto, auto b, auto) { return g * b; }
  static auto db(auto g, auto a, auto, auto) { return g * a; }
};
}  // namespace rules

/// The product a b, element by element; derivatives b and a. Also for int64.
inline Tensor mul(const Operand& a, const Operand& b) { return detail::apply<rules::Mul>(a, b); }
inline Tensor operator*(const Operand& a, const Operand& b) { return mul(a, b); }

}  // namespace xgrad
