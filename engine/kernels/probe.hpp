#pragma once
// What a rule's text says about itself: it is run on types, at compile time, and the type that comes out tells which
// of its arguments were read and what was done with them. Nothing here is ever called.
#include <type_traits>

#include <xgrad/engine/kernels/kernel.hpp>

namespace xgrad::detail {

/// How a value came about: an argument as it is, arithmetic on some (which scalars and SIMD lanes round alike, and so
/// do functions of the C library), or functions such as exp.
enum class Form { argument, arithmetic, functions };

/// Bits of Probe::reads, in the order of the operands of a derivative's loop.
enum ProbeBits : unsigned { probe_g = 1, probe_a = 2, probe_b = 4, probe_c = 8, probe_y = 16 };

/// A value (or, with is_mask, a comparison's result) that depends on the arguments in `reads_`.
template <unsigned reads_, Form form_ = Form::argument, bool is_mask_ = false> struct Probe {
  static constexpr unsigned reads = reads_;
  static constexpr Form form = form_;
  static constexpr bool is_mask = is_mask_;
};

template <class T> struct ProbeOf {  // a literal reads nothing
  using type = Probe<0, Form::arithmetic>;
};
template <unsigned reads, Form form, bool is_mask> struct ProbeOf<Probe<reads, form, is_mask>> {
  using type = Probe<reads, form, is_mask>;
};
template <class T> using probe_of = typename ProbeOf<std::remove_cvref_t<T>>::type;

template <class... T>
concept SomeProbe = (std::is_same_v<probe_of<T>, T> || ...);

constexpr Form most(Form a, Form b, Form c) noexcept {
  const Form ab = a < b ? b : a;
  return ab < c ? c : ab;
}
template <Form form, bool is_mask, class A, class B = A>
using Combined =
    Probe<probe_of<A>::reads | probe_of<B>::reads, most(form, probe_of<A>::form, probe_of<B>::form), is_mask>;
template <class A, class B = A> using Arithmetic = Combined<Form::arithmetic, false, A, B>;
template <class A, class B = A> using Function = Combined<Form::functions, false, A, B>;
template <class A, class B = A> using Comparison = Combined<Form::arithmetic, true, A, B>;

// clang-format off
template <class A, class B> requires SomeProbe<A, B> Arithmetic<A, B> operator+(A, B);
template <class A, class B> requires SomeProbe<A, B> Arithmetic<A, B> operator-(A, B);
template <class A, class B> requires SomeProbe<A, B> Arithmetic<A, B> operator*(A, B);
template <class A, class B> requires SomeProbe<A, B> Arithmetic<A, B> operator/(A, B);
template <class A, class B> requires SomeProbe<A, B> Arithmetic<A, B> maximum(A, B);
template <class A, class B> requires SomeProbe<A, B> Arithmetic<A, B> minimum(A, B);
template <class A> requires SomeProbe<A> Arithmetic<A> operator-(A);
template <class A> requires SomeProbe<A> Arithmetic<A> abs(A);
template <class A> requires SomeProbe<A> Arithmetic<A> sqrt(A);
template <class A> requires SomeProbe<A> Arithmetic<A> square(A);
template <class A> requires SomeProbe<A> Arithmetic<A> floor(A);
template <class A> requires SomeProbe<A> Arithmetic<A> ceil(A);
template <class A> requires SomeProbe<A> Arithmetic<A> round(A);
template <class A> requires SomeProbe<A> Arithmetic<A> trunc(A);
// The C library's, of lanes as of scalars.
template <class A> requires SomeProbe<A> Arithmetic<A> cbrt(A);
template <class A> requires SomeProbe<A> Arithmetic<A> sin(A);
template <class A> requires SomeProbe<A> Arithmetic<A> cos(A);
template <class A> requires SomeProbe<A> Arithmetic<A> tan(A);
template <class A> requires SomeProbe<A> Arithmetic<A> asin(A);
template <class A> requires SomeProbe<A> Arithmetic<A> acos(A);
template <class A> requires SomeProbe<A> Arithmetic<A> atan(A);
template <class A> requires SomeProbe<A> Arithmetic<A> asinh(A);
template <class A> requires SomeProbe<A> Arithmetic<A> acosh(A);
template <class A> requires SomeProbe<A> Arithmetic<A> atanh(A);
template <class A> requires SomeProbe<A> Arithmetic<A> erfc(A);
template <class A, class B> requires SomeProbe<A, B> Arithmetic<A, B> atan2(A, B);
template <class A, class B> requires SomeProbe<A, B> Arithmetic<A, B> hypot(A, B);
template <class A, class B> requires SomeProbe<A, B> Arithmetic<A, B> fmod(A, B);

template <class A, class B> requires SomeProbe<A, B> Comparison<A, B> operator>(A, B);
template <class A, class B> requires SomeProbe<A, B> Comparison<A, B> operator<(A, B);
template <class A, class B> requires SomeProbe<A, B> Comparison<A, B> operator>=(A, B);
template <class A, class B> requires SomeProbe<A, B> Comparison<A, B> operator<=(A, B);
template <class A, class B> requires SomeProbe<A, B> Comparison<A, B> operator==(A, B);
template <class A, class B> requires SomeProbe<A, B> Comparison<A, B> operator!=(A, B);

template <class M, class A, class B> requires(M::is_mask) Arithmetic<Arithmetic<M, A>, B> where(M, A, B);

template <class A> requires SomeProbe<A> Function<A> exp(A);
template <class A> requires SomeProbe<A> Function<A> expm1(A);
template <class A> requires SomeProbe<A> Function<A> exp2(A);
template <class A> requires SomeProbe<A> Function<A> log2(A);
template <class A> requires SomeProbe<A> Function<A> log10(A);
template <class A> requires SomeProbe<A> Function<A> sinh(A);
template <class A> requires SomeProbe<A> Function<A> cosh(A);
template <class A> requires SomeProbe<A> Function<A> log(A);
template <class A> requires SomeProbe<A> Function<A> log1p(A);
template <class A> requires SomeProbe<A> Function<A> tanh(A);
template <class A> requires SomeProbe<A> Function<A> sigmoid(A);
template <class A, class B> requires SomeProbe<A, B> Function<A, B> times_sigmoid(A, B);
template <class A> requires SomeProbe<A> Function<A> mish(A);
template <class A> requires SomeProbe<A> Function<A> gelu(A);
template <class A> requires SomeProbe<A> Function<A> erf(A);
template <class A> requires SomeProbe<A> Function<A> normal_cdf(A);
template <class A, class B> requires SomeProbe<A, B> Function<A, B> pow(A, B);
// clang-format on

/// The number of a rule's inputs: 1, 2 or 3.
template <class Rule>
inline constexpr int input_count = [] {
  using X = Probe<0>;
  if constexpr (requires(X x) { Rule::value(x); }) return 1;
  else if constexpr (requires(X x) { Rule::value(x, x); }) return 2;
  else return 3;
}();

/// Whether the first input is a mask (`static constexpr bool masked = true`).
template <class Rule> inline constexpr bool takes_mask = requires { requires Rule::masked; };
/// Whether there are kernels for float32 and float64 (unless `floats = false`), for int64 (`integers = true`) and for
/// boolean (`booleans = true`).
template <class Rule> inline constexpr bool takes_floats = !requires { requires !Rule::floats; };
template <class Rule> inline constexpr bool takes_integers = requires { requires Rule::integers; };
template <class Rule> inline constexpr bool takes_booleans = requires { requires Rule::booleans; };

// Whether a rule has a member of that name: if so, Both<Rule> has two and naming it is ambiguous.
struct DerivativeNames {
  static void dx(), da(), db(), dc();
};
template <class Rule> struct Both : Rule, DerivativeNames {};

/// Whether the rule has a derivative for that input; it then is called dx (of one input) or da, db, dc.
template <class Rule, int input>
inline constexpr bool has_derivative = [] {
  constexpr bool x = !requires { &Both<Rule>::dx; };
  constexpr bool a = !requires { &Both<Rule>::da; };
  constexpr bool b = !requires { &Both<Rule>::db; };
  constexpr bool c = !requires { &Both<Rule>::dc; };
  constexpr int inputs = input_count<Rule>;
  static_assert(!(inputs == 1 ? a || b || c : x || (inputs == 2 && c)), "derivatives are named dx, or da, db, dc");
  return input == 0 ? (inputs == 1 ? x : a) : input == 1 ? b : c;
}();

/// The rule's value on lanes, Tensors or probes.
template <class Rule> auto value_of(const auto& a, const auto& b, const auto& c) {
  if constexpr (input_count<Rule> == 1) return Rule::value(a);
  else if constexpr (input_count<Rule> == 2) return Rule::value(a, b);
  else return Rule::value(a, b, c);
}

/// The rule's derivative for that input on lanes, Tensors or probes.
template <class Rule, int input>
auto derivative_of(const auto& g, const auto& a, const auto& b, const auto& c, const auto& y) {
  if constexpr (input_count<Rule> == 1) return Rule::dx(g, a, y);
  else if constexpr (input_count<Rule> == 2 && input == 0) return Rule::da(g, a, b, y);
  else if constexpr (input_count<Rule> == 2) return Rule::db(g, a, b, y);
  else if constexpr (input == 0) return Rule::da(g, a, b, c, y);
  else if constexpr (input == 1) return Rule::db(g, a, b, c, y);
  else return Rule::dc(g, a, b, c, y);
}

template <class Rule> using MaskOrValue = Probe<probe_a, Form::argument, takes_mask<Rule>>;

/// What the rule's value comes from: ::reads, ::form (plain arithmetic or functions), ::is_mask.
template <class Rule>
using ValueProbe = probe_of<decltype(value_of<Rule>(MaskOrValue<Rule>{}, Probe<probe_b>{}, Probe<probe_c>{}))>;

/// The same for its derivative for that input, which must exist.
template <class Rule, int input>
using DerivativeProbe = probe_of<decltype(derivative_of<Rule, input>(
    Probe<probe_g>{}, MaskOrValue<Rule>{}, Probe<probe_b>{}, Probe<probe_c>{}, Probe<probe_y>{}))>;

/// Whether that derivative is g itself, passed through unchanged.
template <class Rule, int input>
inline constexpr bool passes_through = std::is_same_v<DerivativeProbe<Rule, input>, Probe<probe_g>>;

}  // namespace xgrad::detail
