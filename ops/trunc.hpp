#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Trunc {
  static constexpr const char* name = "trunc";
  static auto value(auto x) { return trunc(x); }
  static auto dx(auto g, auto, auto) { return where(g == g, 0, g); }
};
}  // namespace rules

/// x without its fraction, rounded towards 0, element by element; derivative 0 everywhere.
inline Tensor trunc(const Operand& x) { return detail::apply<rules::Trunc>(x); }

}  // namespace xgrad
