#pragma once
// The operations that functions given to lift() are made of: rules of elementwise ops, by number.
#include <xgrad/engine/internal/op.hpp>
#include <xgrad/ops/lift.hpp>

#include <bit>

namespace xgrad::detail {

// clang-format off
#define XGRAD_RULES(X) \
  X(Add) X(Sub) X(Mul) X(Div) X(Neg) X(Where) X(Identity) X(Greater) X(GreaterEqual) X(Less) X(LessEqual) \
  X(Equal) X(NotEqual) X(LogicalAnd) X(LogicalOr) X(LogicalNot) X(Abs) X(Acos) X(Acosh) X(Asin) X(Asinh) X(Atan) \
  X(Atanh) X(Cbrt) X(Ceil) X(Cos) X(Cosh) X(Erf) X(Erfc) X(Exp) X(Exp2) X(Expm1) X(Floor) X(Frac) X(Gelu) \
  X(GeluTanh) X(Hardsigmoid) X(Hardswish) X(Log) X(Log10) X(Log1p) X(Log2) X(LogSigmoid) X(Mish) X(NormalCdf) \
  X(Reciprocal) X(Relu) X(Relu6) X(Round) X(Rsqrt) X(Selu) X(Sigmoid) X(Sign) X(Silu) X(Sin) X(Sinh) X(Softsign) \
  X(Sqrt) X(Square) X(Step) X(Tan) X(Tanh) X(Tanhshrink) X(Trunc) X(Atan2) X(Fmod) X(Hypot) X(Logaddexp) \
  X(Maximum) X(Minimum) X(Pow) X(Remainder) X(Xlogy) X(Lerp) X(Celu) X(Clamp) X(Elu) X(LeakyRelu) X(Softplus) \
  X(Isfinite) X(Isinf) X(Isnan)
// clang-format on

enum class Code : u16 {
#define XGRAD_CODE(Rule) Rule,
  XGRAD_RULES(XGRAD_CODE)
#undef XGRAD_CODE
      input,
  number
};

/// The library's way into a Symbol or Condition. A condition is a Symbol here too: if known, the number 0 or 1.
struct SymbolOf {
  static Symbol make(Trace* trace, u32 id) noexcept {
    Symbol s;
    s.trace_ = trace;
    s.id_ = id;
    return s;
  }
  static Trace* trace(Symbol s) noexcept { return s.trace_; }
  static u32 id(Symbol s) noexcept { return s.id_; }
  static bool is_number(Symbol s) noexcept { return s.trace_ == nullptr; }
  static bool is(Symbol s, double number) noexcept { return s.trace_ == nullptr && s.number_ == number; }
  static double number(Symbol s) noexcept { return s.number_; }
  static bool same(Symbol a, Symbol b) noexcept {
    return a.trace_ == b.trace_ && a.id_ == b.id_ && std::bit_cast<u64>(a.number_) == std::bit_cast<u64>(b.number_);
  }
  static Condition condition(Symbol s) noexcept {
    Condition c(s.number_ != 0);
    c.trace_ = s.trace_;
    c.id_ = s.id_;
    return c;
  }
  static Symbol symbol(Condition c) noexcept {
    Symbol s = make(c.trace_, c.id_);
    if (!c.trace_) s.number_ = c.value_;
    return s;
  }
};

using DerivativeOnSymbols = Symbol (*)(Symbol g, Symbol a, Symbol b, Symbol c, Symbol y);

/// What there is to know about a rule.
struct Row {
  const Op& (*op)() noexcept;
  int inputs;
  bool masked;    // the first input is a mask
  bool booleans;  // all inputs are masks
  bool is_mask;   // the value is one
  DerivativeOnSymbols derivative[3];
};

const Row& row_of(Code code) noexcept;
ElementwiseKernel kernel_of(Code code, DType dtype);
/// The rule on numbers, as the kernel for float64 computes it.
double fold(Code code, const double* numbers);
/// The rule on symbols, all of one trace, and numbers.
Symbol apply_rule(Code code, const Symbol* in);

}  // namespace xgrad::detail
