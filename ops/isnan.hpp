#pragma once
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

namespace rules {
struct Isnan {
  static constexpr const char* name = "isnan";
  static auto value(auto x) { return x != x; }
};
}  // namespace rules

/// The boolean mask of nans, element by element; no derivative.
inline Tensor isnan(const Operand& x) { return detail::apply<rules::Isnan>(x); }

}  // namespace xgrad
