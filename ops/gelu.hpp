#pragma once
#include <xgrad/ops/normal_cdf.hpp>

namespace xgrad {

namespace rules {
struct Gelu {
  static constexpr const char* name = "gelu";
  static auto value(auto x) { return gelu(x); }
  static auto dx(auto g, auto x, auto) { return g * (normal_cdf(x) + x * NormalCdf::density_at_0 * exp(-0.5 * x * x)); }
};
}  // namespace rules

/// The Gaussian error linear unit x P(x), element by element, with P the distribution function of the standard normal
/// and p its density (Hendrycks and Gimpel, 2016); derivative P(x) + x p(x).
inline Tensor gelu(const Operand& x) { return detail::apply<rules::Gelu>(x); }

}  // namespace xgrad
