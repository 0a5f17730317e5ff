#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Sub {
  static constexpr const char* name = "sub";
  static constexpr bool integers = true;
  static auto value(auto a, auto b) { return a - b; }
  static auto da(auto g, auto, auto, auto) { return g; }
  static auto db(auto g, auto, auto, auto) { return -g; }
};
}  // namespace rules

/// The difference a - b, element by element; derivatives 1 and -1. Also for int64.
inline Tensor sub(const Operand& a, const Operand& b) { return detail::apply<rules::Sub>(a, b); }
inline Tensor operator-(const Operand& a, const Operand& b) { return sub(a, b); }

}  // namespace xgrad
