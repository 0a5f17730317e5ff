#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Where {
  static constexpr const char* name = "where";
  static constexpr const char* inputs[] = {"mask", "a", "b"};
  static constexpr bool masked = true, integers = true, booleans = true;
  static auto value(auto mask, auto a, auto b) { return where(mask, a, b); }
  static auto db(auto g, auto mask, auto, auto, auto) { return where(mask, g, 0); }
  static auto dc(auto g, auto mask, auto, auto, auto) { return where(mask, 0, g); }
};
}  // namespace rules

/// a where the boolean mask is set, else b, element by element; the gradient goes to the one that was taken.
/// a and b may be of any dtype, the same one.
inline Tensor where(const Operand& mask, const Operand& a, const Operand& b) {
  return detail::apply<rules::Where>(mask, a, b);
}

}  // namespace xgrad
