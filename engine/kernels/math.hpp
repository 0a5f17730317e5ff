#pragma once
// exp, log and their kin on lanes, within 2 ulp (gelu 2.3 on sse2, mish 4) over the whole range, infinities, nan and
// subnormals included; xsimd 8.1's lose subnormals and the last binade before overflow. Without fused multiply-add
// (sse2) bits differ in the last place; avx2 and avx512 agree.
//
// The methods are the usual ones: Cody and Waite's argument reduction, a polynomial, and scaling by a power of two;
// the polynomials were fitted with 60 digits, at Chebyshev nodes or by Remez's exchange. Constants are in
// constants.hpp.
#include <xgrad/engine/kernels/constants.hpp>
#include <xgrad/engine/kernels/lane.hpp>

namespace xgrad::detail {

/// a * b + c, rounded once where the instruction set can.
template <class T, class A>
Lane<T, A> fma(Lane<T, A> a, std::type_identity_t<Lane<T, A>> b, std::type_identity_t<Lane<T, A>> c) noexcept {
  return Isa<A>::fma(a.v, b.v, c.v);
}

/// c[0] + c[1] x + c[2] x^2 + ...
template <class T, class A, int n> Lane<T, A> polynomial(Lane<T, A> x, const T (&c)[n]) noexcept {
  Lane<T, A> sum = c[n - 1];
#pragma GCC unroll 32
  for (int i = n - 2; i >= 0; --i) sum = fma(sum, x, c[i]);
  return sum;
}

/// The same, even and odd powers apart: a chain of operations half as long, for one multiplication more.
template <class T, class A, int n> Lane<T, A> long_polynomial(Lane<T, A> x, const T (&c)[n]) noexcept {
  const Lane<T, A> square = x * x;
  Lane<T, A> sum[] = {c[(n - 1) & ~1], c[(n - 2) | 1]};
#pragma GCC unroll 32
  for (int i = n - 3; i >= 0; --i) sum[i & 1] = fma(sum[i & 1], square, c[i]);
  return fma(sum[1], x, sum[0]);
}

/// The lanes as unsigned integers of the same width.
template <class T, class A> struct BitsOf {
  using Word = typename Float<T>::Word;
  using Register = typename Lane<T, A>::Value::register_type;
  typedef Word Type __attribute__((vector_size(sizeof(Register))));
};
template <class T, class A> typename BitsOf<T, A>::Type bits(Lane<T, A> x) noexcept {
  return reinterpret_cast<typename BitsOf<T, A>::Type>(static_cast<typename BitsOf<T, A>::Register>(x.v));
}
template <class T, class A> Lane<T, A> from_bits(typename BitsOf<T, A>::Type bits) noexcept {
  return typename Lane<T, A>::Value(reinterpret_cast<typename BitsOf<T, A>::Register>(bits));
}
template <class T> constexpr typename Float<T>::Word word(T x) noexcept {
  return __builtin_bit_cast(typename Float<T>::Word, x);
}

/// The nearest whole number, the even one of two.
template <class T, class A> Lane<T, A> round(Lane<T, A> x) noexcept {
  const Lane<T, A> a = abs(x), whole = (a + Float<T>::two_to_mantissa) - Float<T>::two_to_mantissa;
  return where(a < Float<T>::two_to_mantissa, with_sign(whole, x), x);
}

template <class T, class A> Lane<T, A> floor(Lane<T, A> x) noexcept {
  const Lane<T, A> near = round(x);
  return where(near > x, near - 1, near);
}

template <class T, class A> Lane<T, A> ceil(Lane<T, A> x) noexcept { return -floor(-x); }

template <class T, class A> Lane<T, A> trunc(Lane<T, A> x) noexcept { return with_sign(floor(abs(x)), x); }

/// x 2^n for shifted = n + rounder, n whole, |n| up to twice the exponent's range; rounded once.
template <class T, class A> Lane<T, A> scale(Lane<T, A> x, Lane<T, A> shifted) noexcept {
  using F = Float<T>;
  const Lane<T, A> n = shifted - F::rounder;
  if constexpr (requires { Isa<A>::scale(x.v, n.v); }) {
    return Isa<A>::scale(x.v, n.v);
  } else {
    // In two steps of n / 2, by exponents with their bias. Where it is 0 anyway, not by underflow, which would take
    // some 100 cycles.
    const auto exponents = bits(shifted) - (word(F::rounder) - 2 * static_cast<typename F::Word>(F::bias));
    const auto half = exponents >> 1, other = exponents - half;
    const Lane<T, A> some = where(n < -(F::bias + F::mantissa), 0, x);
    return some * from_bits<T, A>(half << F::mantissa) * from_bits<T, A>(other << F::mantissa);
  }
}

/// x kept within [low, high]; nan stays nan.
template <class T, class A> Lane<T, A> limit(Lane<T, A> x, T low, T high) noexcept {
  return Isa<A>::limit(x.v, Lane<T, A>(low).v, Lane<T, A>(high).v);
}

/// x = n log(2) + high + low with n whole, |high + low| <= log(2) / 2 and high exact; shifted = n + rounder.
template <class T, class A> struct ExpParts {
  Lane<T, A> shifted, n, high;
  explicit ExpParts(Lane<T, A> x) noexcept
      : shifted(fma(x, Float<T>::log2_e, Float<T>::rounder)),
        n(shifted - Float<T>::rounder),
        high(fma(n, -Float<T>::log_2_high, x)) {}
  /// low + added
  Lane<T, A> low(Lane<T, A> added) const noexcept { return fma(n, -Float<T>::log_2_low, added); }
};

/// e^(high + low) - 1 - high
template <class T, class A> Lane<T, A> exp_rest(Lane<T, A> high, Lane<T, A> low) noexcept {
  const Lane<T, A> r = high + low;
  return fma(polynomial(r, Float<T>::exp), r * r, low);
}

/// e^(x + tail) for a tail that is small against x's rounding.
template <class T, class A> Lane<T, A> exp_sum(Lane<T, A> x, Lane<T, A> tail) noexcept {
  const ExpParts<T, A> parts(limit(x, Float<T>::exp_low, Float<T>::exp_high));
  return scale(parts.high + exp_rest(parts.high, parts.low(tail)) + 1, parts.shifted);
}

template <class T, class A> Lane<T, A> exp(Lane<T, A> x) noexcept {
  const ExpParts<T, A> parts(limit(x, Float<T>::exp_low, Float<T>::exp_high));
  const Lane<T, A> r = parts.low(parts.high);
  return scale(fma(polynomial(r, Float<T>::exp), r * r, r) + 1, parts.shifted);
}

template <class T, class A> Lane<T, A> exp2(Lane<T, A> x) noexcept {
  using F = Float<T>;
  const Lane<T, A> limited = limit(x, -(F::bias + F::mantissa + 2), F::bias + 1), shifted = limited + F::rounder;
  const Lane<T, A> r = (limited - (shifted - F::rounder)) * 0.69314718055994530942;
  return scale(fma(polynomial(r, F::exp), r * r, r) + 1, shifted);
}

/// (e^x - 1) factor for expm1_low <= x. With the factor 1/2 up to exp_high and with 1/4 up to sinh_high: a power of 2,
/// because 2^n would overflow before the result does.
template <class T, class A> Lane<T, A> expm1_times(T factor, Lane<T, A> x) noexcept {
  const ExpParts<T, A> parts(x);
  const Lane<T, A> power = from_bits<T, A>((bits(parts.shifted) << Float<T>::mantissa) + word(factor));  // 2^n factor
  const Lane<T, A> rest = exp_rest(parts.high, parts.n * -Float<T>::log_2_low);
  return fma(power, rest, fma(power, parts.high, power - factor));
}

template <class T, class A> Lane<T, A> expm1(Lane<T, A> x) noexcept {
  const Lane<T, A> y = 2 * expm1_times(T{0.5}, limit(x, Float<T>::expm1_low, Float<T>::exp_high));
  return where(abs(x) < Float<T>::tiny, x, y);
}

/// With u = (e^|x| - 1) / 4, so that e^-|x| = 1 / (1 + 4 u): 2 u + u / (1/2 + 2 u).
template <class T, class A> Lane<T, A> sinh(Lane<T, A> x) noexcept {
  const Lane<T, A> a = abs(x), u = expm1_times(T{0.25}, limit(a, T{0}, Float<T>::sinh_high));
  return where(a < Float<T>::tiny, x, with_sign(2 * u + u / (0.5 + 2 * u), x));
}

template <class T, class A> Lane<T, A> cosh(Lane<T, A> x) noexcept {
  const Lane<T, A> u = expm1_times(T{0.25}, limit(abs(x), T{0}, Float<T>::sinh_high));
  return 2 * u + (0.5 + 0.5 / (1 + 4 * u));
}

/// e^x = (1 + p) / w with w a power of two. Instead of w there is w unit: it is subnormal (and then 0) only where
/// x / (1 + e^x) is 0.
template <class T, class A> struct ExpQuotient {
  static constexpr T unit = Float<T>::sigmoid_unit;
  Lane<T, A> w_unit, p;
  explicit ExpQuotient(Lane<T, A> x) noexcept {
    using F = Float<T>;
    const ExpParts<T, A> parts(limit(x, F::expm1_low, F::sigmoid_high));
    const Lane<T, A> r = parts.low(parts.high);
    w_unit = from_bits<T, A>(word(unit) - (bits(parts.shifted) << F::mantissa));
    p = fma(polynomial(r, F::exp), r * r, r);
  }
  /// (1 + w + p) unit, where 1 + w is exact or what it lost is added to p.
  Lane<T, A> divisor() const noexcept {
    const Lane<T, A> sum = w_unit + unit;
    return sum + fma(p, unit, w_unit - (sum - unit));
  }
};

/// With q = 1 / (1 + e^|x|): q below 0, and 1 - q above, so that 1 - y is as exact as it can be.
template <class T, class A> Lane<T, A> sigmoid(Lane<T, A> x) noexcept {
  const ExpQuotient<T, A> e(abs(x));
  const Lane<T, A> q = e.w_unit / (e.unit + fma(e.p, e.unit, e.w_unit));
  return where(x < 0, q, 1 - q);
}

/// y / (1 + e^-x), rounded once less than the product.
template <class T, class A> Lane<T, A> times_sigmoid(Lane<T, A> y, Lane<T, A> x) noexcept {
  const ExpQuotient<T, A> e(-x);
  return where(x > -Float<T>::expm1_low, y, y * e.w_unit / e.divisor());
}

/// x tanh(log(1 + e^x)), which is x w (w + 2 + 2 p) / (w (w + 2) + 2 + 2 p (w + 2 + p)); within 4 ulp.
template <class T, class A> Lane<T, A> mish(Lane<T, A> x) noexcept {
  const ExpQuotient<T, A> e(-x);
  const Lane<T, A> w = e.w_unit * (1 / e.unit), v = w + 2, divisor = fma(2 * e.p, v + e.p, fma(w, v, 2));
  return where(x > -Float<T>::expm1_low, x, x * e.w_unit * (v + 2 * e.p) / (divisor * e.unit));
}

/// With h = (e^2|x| - 1) / 2: h / (1 + h), or h - h h / (1 + h) where the quotient is but a correction.
template <class T, class A> Lane<T, A> tanh(Lane<T, A> x) noexcept {
  const Lane<T, A> h = expm1_times(T{0.5}, 2 * limit(abs(x), T{0}, Float<T>::tanh_high)), q = h / (1 + h);
  return with_sign(where(h < 0.5, fma(-h, q, h), q), x);
}

/// x = 2^k m with m in [sqrt(1/2), sqrt(2)), for positive x.
template <class T, class A> struct LogParts {
  Lane<T, A> k, m;
  explicit LogParts(Lane<T, A> x) noexcept {
    using F = Float<T>;
    const LaneMask<T, A> subnormal = x < F::smallest_normal;
    const auto b = bits(where(subnormal, x * F::two_to_mantissa, x));
    const auto exponent = (b - word(F::sqrt_half) + word(T{1})) >> F::mantissa;  // k + bias
    m = from_bits<T, A>(b - (exponent << F::mantissa) + word(T{1}));
    k = from_bits<T, A>(exponent | word(F::two_to_mantissa)) - (F::two_to_mantissa + F::bias);
    k = where(subnormal, k - F::mantissa, k);
  }
};

/// k log(2) + log(1 + f) + c, for a small correction c.
template <class T, class A> Lane<T, A> log_sum(Lane<T, A> k, Lane<T, A> f, Lane<T, A> c) noexcept {
  const Lane<T, A> s = f / (2 + f), z = s * s, half_square = 0.5 * f * f;
  const Lane<T, A> low = fma(s, fma(polynomial(z, Float<T>::log), z, half_square), fma(k, Float<T>::log_2_low, c));
  return fma(k, Float<T>::log_2_high, f - (half_square - low));
}

/// `y`, which is log(x) for ordinary x, made so for all.
template <class T, class A> Lane<T, A> log_everywhere(Lane<T, A> x, Lane<T, A> y) noexcept {
  using F = Float<T>;
  return where(x > 0, where(x == F::infinity, x, y), where(x == 0, -F::infinity, F::nan));
}

template <class T, class A> Lane<T, A> log(Lane<T, A> x) noexcept {
  const LogParts<T, A> parts(x);
  return log_everywhere(x, log_sum(parts.k, parts.m - 1, Lane<T, A>(0)));
}

/// With x = 2^k m: exact where m is 1.
template <class T, class A> Lane<T, A> log2(Lane<T, A> x) noexcept {
  const LogParts<T, A> parts(x);
  const Lane<T, A> log_m = log_sum(Lane<T, A>(0), parts.m - 1, Lane<T, A>(0));
  return log_everywhere(x, fma(log_m, Float<T>::log2_e, parts.k));
}

template <class T, class A> Lane<T, A> log10(Lane<T, A> x) noexcept {
  using F = Float<T>;
  const LogParts<T, A> parts(x);
  const Lane<T, A> log_m = log_sum(Lane<T, A>(0), parts.m - 1, Lane<T, A>(0));
  const Lane<T, A> low = fma(parts.k, F::log10_2_low, log_m * 0.43429448190325182765);
  return log_everywhere(x, fma(parts.k, F::log10_2_high, low));
}

template <class T, class A> Lane<T, A> log1p(Lane<T, A> x) noexcept {
  const Lane<T, A> u = 1 + x;
  const LogParts<T, A> parts(u);
  // What rounding lost in u, to first order; near 0 x itself is log1p's argument.
  const Lane<T, A> lost = where(u > 2, 1 - (u - x), x - (u - 1)) / u;
  const LaneMask<T, A> near_0 = parts.k == 0;
  const Lane<T, A> y = log_sum(parts.k, where(near_0, x, parts.m - 1), where(near_0, 0, lost));
  return where(x == 0, x, log_everywhere(u, y));  // -0 keeps its sign
}

/// A number held in two lanes: high + low, low within high's rounding.
template <class T, class A> struct Pair { Lane<T, A> high, low; };

/// a + b exactly, where a has an exponent not below b's or is 0.
template <class T, class A> Pair<T, A> exact_sum(Lane<T, A> a, Lane<T, A> b) noexcept {
  const Lane<T, A> sum = a + b;
  return {sum, b - (sum - a)};
}

/// a b exactly (Dekker's product where there is no fused multiply-add).
template <class T, class A> Pair<T, A> exact_product(Lane<T, A> a, Lane<T, A> b) noexcept {
  const Lane<T, A> p = a * b;
  if constexpr (Isa<A>::has_fma) {
    return {p, fma(a, b, -p)};
  } else {
    const auto upper = [](Lane<T, A> x) { return from_bits<T, A>(bits(x) & Float<T>::upper_half); };
    const Lane<T, A> ah = upper(a), al = a - ah, bh = upper(b), bl = b - bh;
    return {p, ((ah * bh - p) + ah * bl + al * bh) + al * bl};
  }
}

/// e^(-b^2 / 2) over the standard normal's mass above b, for b >= 2/3 (the variable is that of Shepherd and
/// Laframboise, 1981).
template <class T, class A> Pair<T, A> tail_divisor(Lane<T, A> b) noexcept {
  constexpr T c = Float<T>::tail_centre;
  return exact_sum(2 * b, fma(b, long_polynomial((b - c) / (b + c), Float<T>::tail), 2));
}

/// erf(x) for |x| <= 1
template <class T, class A> Lane<T, A> erf_near_0(Lane<T, A> x) noexcept {
  return fma(x, polynomial(x * x, Float<T>::erf), x);
}

template <class T, class A> Lane<T, A> erf(Lane<T, A> x) noexcept {
  const Lane<T, A> a = limit(abs(x), T{0}, Float<T>::erf_high);
  const Lane<T, A> far = 1 - 2 * exp(-a * a) / tail_divisor(a * 1.41421356237309504880).high;
  return where(a < 1, erf_near_0(x), where(x < 0, -far, far));
}

/// The mass above b >= 2/3 is (q + q / e rest) 2^n: dividend and divisor with what their rounding lost.
template <class T, class A> struct NormalTail {
  Lane<T, A> q, q_by_e, rest, shifted;
  explicit NormalTail(Lane<T, A> b) noexcept {
    const Pair<T, A> square = exact_product(b, b), divisor = tail_divisor(b);
    const ExpParts<T, A> parts(-0.5 * square.high);
    const Lane<T, A> p = parts.high + exp_rest(parts.high, parts.low(-0.5 * square.low)), e = 1 + p;
    const Lane<T, A> e_low = p - (e - 1), inverse = 1 - parts.high;  // of e, near enough
    q = e / divisor.high;
    q_by_e = q * inverse;
    rest = e_low - q * divisor.low;
    shifted = parts.shifted;
  }
};

template <class T, class A> Lane<T, A> normal_cdf(Lane<T, A> x) noexcept {
  const Lane<T, A> a = limit(abs(x), T{0}, Float<T>::normal_high);
  const NormalTail<T, A> t(a);
  const Lane<T, A> tail = scale(fma(t.q_by_e, t.rest, t.q), t.shifted);
  const Lane<T, A> near_0 = fma(x, polynomial(x * x, Float<T>::normal), 0.5);
  return where(a < Float<T>::normal_near, near_0, where(x < 0, tail, 1 - tail));
}

/// x normal_cdf(x), rounded once less than the product; nan at -infinity, as that is.
template <class T, class A> Lane<T, A> gelu(Lane<T, A> x) noexcept {
  const Lane<T, A> a = limit(abs(x), T{0}, Float<T>::normal_high);
  const NormalTail<T, A> t(a);
  const Lane<T, A> tail = scale(fma(t.q, a, t.q_by_e * t.rest * a), t.shifted);
  const Lane<T, A> near_0 = with_sign(fma(a, x * polynomial(x * x, Float<T>::normal), 0.5 * a), x);
  return where(a < Float<T>::normal_near, near_0, where(x < 0, 0 * x, x) - tail);
}

/// log(x) for positive x to about 10 bits more than T holds.
template <class T, class A> Pair<T, A> log_pair(Lane<T, A> x) noexcept {
  using L = Lane<T, A>;
  const LogParts<T, A> parts(x);
  const L f = parts.m - 1, d = 2 + f, s = f / d;
  // s + s_low = f / (2 + f), z + z_low its square, t + t_low its cube, c + c_low two thirds of that.
  const Pair<T, A> sd = exact_product(s, d), z = exact_product(s, s), t = exact_product(s, z.high);
  const L s_low = ((f - sd.high) - sd.low - s * (f - (d - 2))) / d, z_low = fma(2 * s, s_low, z.low);
  const L t_low = t.low + s * z_low + s_low * z.high;
  const Pair<T, A> c = exact_product(L(Float<T>::two_thirds), t.high);
  const L c_low = c.low + Float<T>::two_thirds_low * t.high + Float<T>::two_thirds * t_low;
  const L rest = t.high * z.high * polynomial(z.high, Float<T>::log_tail);
  const Pair<T, A> first = exact_sum(parts.k * Float<T>::log_2_high, 2 * s), second = exact_sum(first.high, c.high);
  const L low = fma(parts.k, Float<T>::log_2_low, rest + c_low + 2 * s_low + second.low + first.low);
  return exact_sum(second.high, low);
}

/// |a|^b
template <class T, class A> Lane<T, A> pow_of_magnitude(Lane<T, A> a, Lane<T, A> b) noexcept {
  using F = Float<T>;
  const Pair<T, A> log_a = log_pair(a), product = exact_product(b, log_a.high);
  const LaneMask<T, A> ordinary = (product.high > F::exp_low) & (product.high < F::exp_high);
  const Lane<T, A> tail = where(ordinary, fma(b, log_a.low, product.low), 0);
  const Lane<T, A> y = where(a == 1, 1, exp_sum(product.high, tail));
  return where((a == 0) | (a == F::infinity), where(((a == 0) & (b < 0)) | ((a != 0) & (b > 0)), F::infinity, 0), y);
}

template <class T, class A> Lane<T, A> pow(Lane<T, A> a, std::type_identity_t<Lane<T, A>> b) noexcept {
  using F = Float<T>;
  const auto is_whole = [](Lane<T, A> x) { return round(x) == x; };
  const LaneMask<T, A> whole = is_whole(b), odd = whole & !is_whole(b * 0.5);
  const Lane<T, A> y = pow_of_magnitude(abs(a), b);
  const Lane<T, A> signed_y = where(odd, with_sign(y, a), y);
  const Lane<T, A> real = where((a < 0) & (a > -F::infinity) & !whole, F::nan, signed_y);
  return where((b == 0) | (a == 1), 1, where((a == a) & (b == b), real, F::nan));
}

// Functions of the C library, lane by lane; a Scalar's has the same bits.
template <class T, class A, class F> Lane<T, A> each(Lane<T, A> a, F function) noexcept {
  T x[Lane<T, A>::width];
  a.store(x);
  for (T& v : x) v = function(v);
  return Lane<T, A>::load(x);
}
template <class T, class A, class F> Lane<T, A> each(Lane<T, A> a, Lane<T, A> b, F function) noexcept {
  T x[Lane<T, A>::width], y[Lane<T, A>::width];
  a.store(x);
  b.store(y);
  for (int i = 0; i < Lane<T, A>::width; ++i) x[i] = function(x[i], y[i]);
  return Lane<T, A>::load(x);
}

#define XGRAD_C_FUNCTION(name)                                          \
  template <class A> Lane<float, A> name(Lane<float, A> a) noexcept {   \
    return each(a, [](float x) { return __builtin_##name##f(x); });     \
  }                                                                     \
  template <class A> Lane<double, A> name(Lane<double, A> a) noexcept { \
    return each(a, [](double x) { return __builtin_##name(x); });       \
  }
XGRAD_C_FUNCTION(cbrt)
XGRAD_C_FUNCTION(sin)
XGRAD_C_FUNCTION(cos)
XGRAD_C_FUNCTION(tan)
XGRAD_C_FUNCTION(asin)
XGRAD_C_FUNCTION(acos)
XGRAD_C_FUNCTION(atan)
XGRAD_C_FUNCTION(asinh)
XGRAD_C_FUNCTION(acosh)
XGRAD_C_FUNCTION(atanh)
XGRAD_C_FUNCTION(erfc)
#undef XGRAD_C_FUNCTION

#define XGRAD_C_FUNCTION(name)                                                             \
  template <class A> Lane<float, A> name(Lane<float, A> a, Lane<float, A> b) noexcept {    \
    return each(a, b, [](float x, float y) { return __builtin_##name##f(x, y); });         \
  }                                                                                        \
  template <class A> Lane<double, A> name(Lane<double, A> a, Lane<double, A> b) noexcept { \
    return each(a, b, [](double x, double y) { return __builtin_##name(x, y); });          \
  }
XGRAD_C_FUNCTION(atan2)
XGRAD_C_FUNCTION(hypot)
XGRAD_C_FUNCTION(fmod)
#undef XGRAD_C_FUNCTION

}  // namespace xgrad::detail
