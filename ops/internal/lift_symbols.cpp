// What a Symbol can do.
#include <xgrad/ops/internal/lift_trace.hpp>

namespace xgrad::detail {
namespace {

template <class... In> Symbol rule(Code code, In... in) {
  const Symbol all[] = {in...};
  return apply_rule(code, all);
}
template <class... In> Condition test(Code code, In... in) { return SymbolOf::condition(rule(code, in...)); }

}  // namespace
}  // namespace xgrad::detail

namespace xgrad {

using detail::Code;
using detail::rule;
using detail::SymbolOf;
using detail::test;

Condition::operator bool() const { return trace_ ? detail::Trace::check(trace_).decide(id_) : value_; }

// clang-format off
Condition operator&(Condition a, Condition b) { return test(Code::LogicalAnd, SymbolOf::symbol(a), SymbolOf::symbol(b)); }
Condition operator|(Condition a, Condition b) { return test(Code::LogicalOr, SymbolOf::symbol(a), SymbolOf::symbol(b)); }
Condition operator!(Condition a) { return test(Code::LogicalNot, SymbolOf::symbol(a)); }
Symbol where(Condition condition, Symbol a, Symbol b) { return rule(Code::Where, SymbolOf::symbol(condition), a, b); }

Symbol operator+(Symbol a, Symbol b) { return rule(Code::Add, a, b); }
Symbol operator-(Symbol a, Symbol b) { return rule(Code::Sub, a, b); }
Symbol operator*(Symbol a, Symbol b) { return rule(Code::Mul, a, b); }
Symbol operator/(Symbol a, Symbol b) { return rule(Code::Div, a, b); }
Symbol operator-(Symbol a) { return rule(Code::Neg, a); }
Condition operator>(Symbol a, Symbol b) { return test(Code::Greater, a, b); }
Condition operator>=(Symbol a, Symbol b) { return test(Code::GreaterEqual, a, b); }
Condition operator<(Symbol a, Symbol b) { return test(Code::Less, a, b); }
Condition operator<=(Symbol a, Symbol b) { return test(Code::LessEqual, a, b); }
Condition operator==(Symbol a, Symbol b) { return test(Code::Equal, a, b); }
Condition operator!=(Symbol a, Symbol b) { return test(Code::NotEqual, a, b); }
Condition isfinite(Symbol x) { return test(Code::Isfinite, x); }
Condition isinf(Symbol x) { return test(Code::Isinf, x); }
Condition isnan(Symbol x) { return test(Code::Isnan, x); }

#define XGRAD_UNARY(name, Rule) Symbol name(Symbol x) { return rule(Code::Rule, x); }
XGRAD_UNARY(abs, Abs)
XGRAD_UNARY(acos, Acos)
XGRAD_UNARY(acosh, Acosh)
XGRAD_UNARY(asin, Asin)
XGRAD_UNARY(asinh, Asinh)
XGRAD_UNARY(atan, Atan)
XGRAD_UNARY(atanh, Atanh)
XGRAD_UNARY(cbrt, Cbrt)
XGRAD_UNARY(ceil, Ceil)
XGRAD_UNARY(cos, Cos)
XGRAD_UNARY(cosh, Cosh)
XGRAD_UNARY(erf, Erf)
XGRAD_UNARY(erfc, Erfc)
XGRAD_UNARY(exp, Exp)
XGRAD_UNARY(exp2, Exp2)
XGRAD_UNARY(expm1, Expm1)
XGRAD_UNARY(floor, Floor)
XGRAD_UNARY(frac, Frac)
XGRAD_UNARY(gelu, Gelu)
XGRAD_UNARY(gelu_tanh, GeluTanh)
XGRAD_UNARY(hardsigmoid, Hardsigmoid)
XGRAD_UNARY(hardswish, Hardswish)
XGRAD_UNARY(log, Log)
XGRAD_UNARY(log10, Log10)
XGRAD_UNARY(log1p, Log1p)
XGRAD_UNARY(log2, Log2)
XGRAD_UNARY(log_sigmoid, LogSigmoid)
XGRAD_UNARY(mish, Mish)
XGRAD_UNARY(normal_cdf, NormalCdf)
XGRAD_UNARY(reciprocal, Reciprocal)
XGRAD_UNARY(relu, Relu)
XGRAD_UNARY(relu6, Relu6)
XGRAD_UNARY(round, Round)
XGRAD_UNARY(rsqrt, Rsqrt)
XGRAD_UNARY(selu, Selu)
XGRAD_UNARY(sigmoid, Sigmoid)
XGRAD_UNARY(sign, Sign)
XGRAD_UNARY(silu, Silu)
XGRAD_UNARY(sin, Sin)
XGRAD_UNARY(sinh, Sinh)
XGRAD_UNARY(softsign, Softsign)
XGRAD_UNARY(sqrt, Sqrt)
XGRAD_UNARY(square, Square)
XGRAD_UNARY(step, Step)
XGRAD_UNARY(tan, Tan)
XGRAD_UNARY(tanh, Tanh)
XGRAD_UNARY(tanhshrink, Tanhshrink)
XGRAD_UNARY(trunc, Trunc)
#undef XGRAD_UNARY

Symbol atan2(Symbol a, Symbol b) { return rule(Code::Atan2, a, b); }
Symbol fmod(Symbol a, Symbol b) { return rule(Code::Fmod, a, b); }
Symbol hypot(Symbol a, Symbol b) { return rule(Code::Hypot, a, b); }
Symbol logaddexp(Symbol a, Symbol b) { return rule(Code::Logaddexp, a, b); }
Symbol maximum(Symbol a, Symbol b) { return rule(Code::Maximum, a, b); }
Symbol minimum(Symbol a, Symbol b) { return rule(Code::Minimum, a, b); }
Symbol pow(Symbol a, Symbol b) { return rule(Code::Pow, a, b); }
Symbol remainder(Symbol a, Symbol b) { return rule(Code::Remainder, a, b); }
Symbol xlogy(Symbol a, Symbol b) { return rule(Code::Xlogy, a, b); }
Symbol lerp(Symbol a, Symbol b, Symbol weight) { return rule(Code::Lerp, a, b, weight); }

Symbol celu(Symbol x, double alpha) { return rule(Code::Celu, x, Symbol(alpha)); }
Symbol clamp(Symbol x, double low, double high) { return rule(Code::Clamp, x, Symbol(low), Symbol(high)); }
Symbol elu(Symbol x, double alpha) { return rule(Code::Elu, x, Symbol(alpha)); }
Symbol leaky_relu(Symbol x, double slope) { return rule(Code::LeakyRelu, x, Symbol(slope)); }
Symbol softplus(Symbol x, double beta) { return rule(Code::Softplus, x, Symbol(beta)); }
// clang-format on

}  // namespace xgrad
