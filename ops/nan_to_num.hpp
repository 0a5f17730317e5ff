#pragma once
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/isnan.hpp>
#include <xgrad/ops/masked_fill.hpp>

#include <limits>
#include <optional>

namespace xgrad {

namespace rules {
struct NanToNum {
  static constexpr const char* name = "nan_to_num";
  static constexpr const char* inputs[] = {"x", "posinf", "neginf"};
  static constexpr double inf = __builtin_inf();
  static auto value(auto x, auto posinf, auto neginf) {
    return where(abs(x) < inf, x, where(x > 0, posinf, where(x < 0, neginf, 0)));
  }
  static auto da(auto g, auto x, auto, auto, auto) { return where(abs(x) < inf, g, 0); }
};
}  // namespace rules

/// x with nan, inf and -inf replaced by numbers, the infinities by the dtype's largest and lowest finite ones unless
/// others are given, element by element; derivative 1 where x is finite, else 0.
inline Tensor nan_to_num(const Operand& x, double nan = 0, std::optional<double> posinf = {},
                         std::optional<double> neginf = {}) {
  const bool wide = x.tensor && x.tensor->defined() && x.tensor->dtype() == float64;
  const double largest = wide ? std::numeric_limits<double>::max() : double{std::numeric_limits<float>::max()};
  const Tensor y = detail::apply<rules::NanToNum>(x, posinf.value_or(largest), neginf.value_or(-largest));
  return nan == 0 ? y : masked_fill(Operand(y, x.site.file, x.site.line), isnan(x), nan);
}

}  // namespace xgrad
