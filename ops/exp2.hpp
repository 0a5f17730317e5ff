#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Exp2 {
  static constexpr const char* name = "exp2";
  static auto value(auto x) { return exp2(x); }
  static auto dx(auto g, auto, auto y) { return g * y * 0.69314718055994530942; }
};
}  // namespace rules

/// 2^x, element by element; derivative y log(2).
inline Tensor exp2(const Operand& x) { return detail::apply<rules::Exp2>(x); }

}  // namespace xgrad
