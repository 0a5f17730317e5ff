// exp, log and their kin against wider arithmetic, on every instruction set.
#include <catch.hpp>

#include <xgrad/ops/cosh.hpp>
#include <xgrad/ops/erf.hpp>
#include <xgrad/ops/exp.hpp>
#include <xgrad/ops/exp2.hpp>
#include <xgrad/ops/expm1.hpp>
#include <xgrad/ops/gelu.hpp>
#include <xgrad/ops/log.hpp>
#include <xgrad/ops/log10.hpp>
#include <xgrad/ops/log1p.hpp>
#include <xgrad/ops/log2.hpp>
#include <xgrad/ops/log_sigmoid.hpp>
#include <xgrad/ops/mish.hpp>
#include <xgrad/ops/normal_cdf.hpp>
#include <xgrad/ops/pow.hpp>
#include <xgrad/ops/sigmoid.hpp>
#include <xgrad/ops/silu.hpp>
#include <xgrad/ops/sinh.hpp>
#include <xgrad/ops/softplus.hpp>
#include <xgrad/ops/sqrt.hpp>
#include <xgrad/ops/tanh.hpp>

#include "kernels.hpp"

#include <algorithm>
#include <random>

namespace xgrad::tests {
namespace {

template <class T> struct WiderThan;
template <> struct WiderThan<float> { using Type = double; };
template <> struct WiderThan<double> { using Type = long double; };

/// Bit patterns all over the range of T, and numbers in (-50, 50) where most functions do something; then numbers close
/// together where formulas switch and where results become subnormal and 0, and small ones down to subnormals.
template <class T> std::vector<T> samples(std::size_t count) {
  using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  std::mt19937_64 bits(7);
  std::uniform_real_distribution<T> near(-50, 50), nearer(-2, 2);
  std::vector<T> x = edge_values<T>();
  while (x.size() < count) {
    x.push_back(std::bit_cast<T>(static_cast<Word>(bits())));
    x.push_back(near(bits));
    x.push_back(nearer(bits));
  }
  constexpr bool single = sizeof(T) == 4;
  for (const double at : {0.14, 0.35, 0.67, 1.0, 1.12, single ? 9.0 : 19.0, single ? 17.5 : 37.5, single ? 13.5 : 38.0,
                          single ? 89.0 : 710.0, single ? 104.5 : 746.0, single ? 108.0 : 751.0}) {
    std::uniform_real_distribution<T> around(static_cast<T>(at * 0.95), static_cast<T>(at * 1.05));
    for (int i = 0; i < 3000; ++i) x.push_back(i % 2 ? around(bits) : -around(bits));
  }
  const int exponents = std::numeric_limits<T>::digits - std::numeric_limits<T>::min_exponent + 1;
  for (int i = 0; i < 3000; ++i) x.push_back(std::ldexp(nearer(bits), -static_cast<int>(bits() % unsigned(exponents))));
  return x;
}

/// The largest error of a rule of one or two inputs over the samples.
template <class Rule, class T, class Reference>
void check_accuracy(const std::vector<T>& a, const std::vector<T>& b, double limit, Reference reference) {
  using Wide = typename WiderThan<T>::Type;
  std::vector<std::vector<T>> results;
  for (int arch = 0; arch < arch_count(); ++arch) {
    std::vector<T> y(a.size());
    const void* in[] = {a.data(), b.data()};
    kernels_of<Rule>(arch).value[type_index<T>](flat_loop(static_cast<std::int64_t>(a.size())), y.data(), in, false);
    double worst = 0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double error = ulps(y[i], static_cast<Wide>(reference(static_cast<Wide>(a[i]), static_cast<Wide>(b[i]))));
      if (error > worst) worst = error, at = i;
    }
    INFO(Rule::name << " on set " << arch << " at a = " << a[at] << ", b = " << b[at] << ": " << y[at]);
    CHECK(worst <= limit);
    results.push_back(std::move(y));
  }
  INFO(Rule::name);
  if (results.size() == 3) CHECK(same_bits(results[1], results[2]));
}

/// With what x / sqrt(2) lost in rounding: far below 0 erfc would multiply it by 2 x^2.
long double normal_cdf_of(long double x) {
  const long double root = std::sqrt(2.0L), root_low = -std::fma(root, root, -2.0L) / (2 * root), u = -x / root;
  const long double low = std::isfinite(x) ? (-std::fma(u, root, x) - u * root_low) / root : 0;
  const long double slope = low == 0 ? 0 : 1.12837916709551257390L * std::exp(-u * u) * low;
  return (std::erfc(u) - slope) / 2;
}

template <class T> void check_functions() {
  const std::vector<T> x = samples<T>(60000);
  check_accuracy<rules::Exp>(x, x, 1.1, [](auto v, auto) { return std::exp(v); });
  check_accuracy<rules::Expm1>(x, x, 2, [](auto v, auto) { return std::expm1(v); });
  check_accuracy<rules::Log>(x, x, 1, [](auto v, auto) { return std::log(v); });
  check_accuracy<rules::Log1p>(x, x, 1, [](auto v, auto) { return std::log1p(v); });
  check_accuracy<rules::Exp2>(x, x, 1.1, [](auto v, auto) { return std::exp2(v); });
  check_accuracy<rules::Log2>(x, x, 2, [](auto v, auto) { return std::log2(v); });
  check_accuracy<rules::Log10>(x, x, 2, [](auto v, auto) { return std::log10(v); });
  check_accuracy<rules::Sinh>(x, x, 2, [](auto v, auto) { return std::sinh(v); });
  check_accuracy<rules::Cosh>(x, x, 2, [](auto v, auto) { return std::cosh(v); });
  check_accuracy<rules::Sqrt>(x, x, 0.51, [](auto v, auto) { return std::sqrt(v); });
  check_accuracy<rules::Tanh>(x, x, 2, [](auto v, auto) { return std::tanh(v); });
  check_accuracy<rules::Erf>(x, x, 2, [](auto v, auto) { return std::erf(v); });
  const auto sigmoid_of = [](auto v) { return v < 0 ? std::exp(v) / (1 + std::exp(v)) : 1 / (1 + std::exp(-v)); };
  check_accuracy<rules::Sigmoid>(x, x, 2, [&](auto v, auto) { return sigmoid_of(v); });
  check_accuracy<rules::Silu>(x, x, 2, [&](auto v, auto) { return v * sigmoid_of(v); });
  check_accuracy<rules::LogSigmoid>(x, x, 2,
                                    [](auto v, auto) { return (v < 0 ? v : 0) - std::log1p(std::exp(-std::abs(v))); });
  check_accuracy<rules::NormalCdf>(x, x, 2, [](auto v, auto) { return static_cast<decltype(v)>(normal_cdf_of(v)); });
  check_accuracy<rules::Gelu>(
      x, x, 2.3, [](auto v, auto) { return static_cast<decltype(v)>(static_cast<long double>(v) * normal_cdf_of(v)); });
  check_accuracy<rules::Mish>(x, x, 4.1,
                              [](auto v, auto) { return v > 60 ? v : v * std::tanh(std::log1p(std::exp(v))); });
  const std::vector<T> ones(x.size(), 1);
  check_accuracy<rules::Softplus>(x, ones, 2,
                                  [](auto v, auto) { return (v > 0 ? v : 0) + std::log1p(std::exp(-std::abs(v))); });
}

template <class T> void check_pow() {
  std::mt19937_64 bits(3);
  std::uniform_real_distribution<T> near(-20, 20);
  const T most = std::log(std::numeric_limits<T>::max()) * T(1.05);
  std::uniform_real_distribution<T> exponent(-most, most);
  std::vector<T> a, b;
  for (T x : edge_values<T>())
    for (T y : edge_values<T>()) a.push_back(x), b.push_back(y);
  for (int i = 0; i < 20000; ++i) {
    const T x = std::exp(near(bits) / 10);
    a.push_back(x), b.push_back(exponent(bits) / std::max(T(1e-3), std::abs(std::log(x))));
    a.push_back(near(bits)), b.push_back(std::round(near(bits)));
    a.push_back(std::abs(near(bits))), b.push_back(near(bits) / 4);
  }
  check_accuracy<rules::Pow>(a, b, 1.5, [](auto x, auto y) { return std::pow(x, y); });
}

}  // namespace

TEST_CASE("functions are right to two units in the last place", "[kernels]") {
  check_functions<float>();
  check_functions<double>();
}

TEST_CASE("pow is right to 1.5 units in the last place, and as C says at the edges", "[kernels]") {
  check_pow<float>();
  check_pow<double>();
}

}  // namespace xgrad::tests
