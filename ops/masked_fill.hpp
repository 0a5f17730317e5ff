#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct MaskedFill {
  static constexpr const char* name = "masked_fill";
  static constexpr const char* inputs[] = {"mask", "x", "value"};
  static constexpr bool masked = true, integers = true, booleans = true;
  static auto value(auto mask, auto x, auto other) { return where(mask, other, x); }
  static auto db(auto g, auto mask, auto, auto, auto) { return where(mask, 0, g); }
  static auto dc(auto g, auto mask, auto, auto, auto) { return where(mask, g, 0); }
};
}  // namespace rules

/// `value`, a number or a tensor, where the boolean mask is set, else x, element by element; the gradient goes to the
/// one that was taken. x may be of any dtype.
inline Tensor masked_fill(const Operand& x, const Operand& mask, const Operand& value) {
  return detail::apply<rules::MaskedFill>(mask, x, value);
}

}  // namespace xgrad
