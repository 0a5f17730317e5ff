#pragma once
#include <xgrad/engine/elementwise.hpp>

namespace xgrad::detail {

/// The Op of an elementwise rule: a struct with
///     static constexpr const char* name = "sigmoid";
///     static auto value(auto x) { return 1 / (1 + exp(-x)); }
///     static auto dx(auto g, auto x, auto y) { return g * y * (1 - y); }
/// (binary: value(a, b), da(g, a, b, y), db(g, a, b, y); ternary: also dc, with arguments (g, a, b, c, y).)
/// The same text runs on SIMD lanes in the plain sweep and on Tensors when the derivative is itself recorded.
/// Instantiated in the library, once per rule.
template <class Rule> const Op& op_of() noexcept;

template <class Rule, class... Args> Tensor apply(const Args&... args) { return elementwise(op_of<Rule>(), args...); }

}  // namespace xgrad::detail
