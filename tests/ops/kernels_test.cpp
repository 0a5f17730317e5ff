// The elementwise driver: tails, broadcasting, accumulation, aliasing, special values, 0-d, on every instruction set.
#include <catch.hpp>

#include <xgrad/ops/abs.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/clamp.hpp>
#include <xgrad/ops/div.hpp>
#include <xgrad/ops/equal.hpp>
#include <xgrad/ops/exp.hpp>
#include <xgrad/ops/gelu.hpp>
#include <xgrad/ops/greater.hpp>
#include <xgrad/ops/leaky_relu.hpp>
#include <xgrad/ops/less_equal.hpp>
#include <xgrad/ops/log.hpp>
#include <xgrad/ops/maximum.hpp>
#include <xgrad/ops/minimum.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/neg.hpp>
#include <xgrad/ops/not_equal.hpp>
#include <xgrad/ops/pow.hpp>
#include <xgrad/ops/relu.hpp>
#include <xgrad/ops/sigmoid.hpp>
#include <xgrad/ops/silu.hpp>
#include <xgrad/ops/softplus.hpp>
#include <xgrad/ops/sqrt.hpp>
#include <xgrad/ops/square.hpp>
#include <xgrad/ops/step.hpp>
#include <xgrad/ops/sub.hpp>
#include <xgrad/ops/tanh.hpp>
#include <xgrad/ops/where.hpp>

#include "kernels.hpp"

#include <array>
#include <random>

namespace xgrad::tests {
namespace {

using detail::Loop;
using Bytes = std::vector<std::uint8_t>;

template <class T> std::vector<T> numbers(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<T> uniform(-3, 3);
  std::vector<T> values(n);
  for (T& v : values) v = uniform(random);
  return values;
}

template <class Rule, class T> std::vector<T> value(int arch, const std::vector<T>& a, const std::vector<T>& b) {
  std::vector<T> y(a.size());
  const void* in[] = {a.data(), b.data()};
  kernels_of<Rule>(arch).value[type_index<T>](flat_loop(static_cast<std::int64_t>(a.size())), y.data(), in, false);
  return y;
}

template <class Rule, class T>
std::vector<T> derivative(int arch, int input, const std::vector<T>& g, const std::vector<T>& a,
                          const std::vector<T>& b) {
  const std::vector<T> y = value<Rule>(arch, a, b);
  std::vector<T> d(a.size());
  const void* in[] = {g.data(), a.data(), b.data(), nullptr, y.data()};
  kernels_of<Rule>(arch).grad[input][type_index<T>](flat_loop(static_cast<std::int64_t>(a.size())), d.data(), in,
                                                    false);
  return d;
}

template <class Rule, class T> Bytes mask(int arch, const std::vector<T>& a, const std::vector<T>& b) {
  Bytes y(a.size(), 9);
  const void* in[] = {a.data(), b.data()};
  kernels_of<Rule>(arch).value[type_index<T>](flat_loop(static_cast<std::int64_t>(a.size())), y.data(), in, false);
  return y;
}

/// An element's bits are the same alone and anywhere in rows of 1 to 40, and nothing beyond the row is written.
template <class Rule, class T> void check_tails(int arch) {
  const std::vector<T> a = numbers<T>(41, 1), b = numbers<T>(41, 2);
  const auto kernel = kernels_of<Rule>(arch).value[type_index<T>];
  std::vector<T> alone(41);
  for (std::size_t i = 0; i < 41; ++i) {
    const void* in[] = {&a[i], &b[i]};
    kernel(flat_loop(1), &alone[i], in, false);
  }
  for (std::size_t n = 1; n <= 40; ++n) {
    std::vector<T> y(41, T(-77)), expected(alone);
    const void* in[] = {a.data(), b.data()};
    kernel(flat_loop(static_cast<std::int64_t>(n)), y.data(), in, false);
    std::fill(expected.begin() + static_cast<std::ptrdiff_t>(n), expected.end(), T(-77));
    INFO(Rule::name << " of " << n << " on set " << arch);
    CHECK(same_bits(y, expected));
  }
}

/// A random nest; operand k has stride 0 along the axes where it is broadcast.
Loop random_loop(std::mt19937& random, int operands) {
  constexpr std::int64_t extents[] = {1, 2, 3, 5, 10, 17};
  Loop loop{};
  loop.axes = 1 + static_cast<int>(random() % 4);
  for (int axis = 0; axis < loop.axes; ++axis) loop.extent[axis] = extents[random() % 6];
  for (int k = 0; k < operands; ++k) {
    std::int64_t dense = 1;
    for (int axis = loop.axes; axis-- > 0;) {
      const bool broadcast = k > 0 && random() % 3 == 0;
      loop.stride[k][axis] = broadcast ? 0 : dense;
      if (!broadcast) dense *= loop.extent[axis];
    }
  }
  return loop;
}

/// f(offset of each operand) for every element of the nest.
template <class F> void each_element(const Loop& loop, F f) {
  std::int64_t total = 1;
  for (int axis = 0; axis < loop.axes; ++axis) total *= loop.extent[axis];
  for (std::int64_t i = 0; i < total; ++i) {
    std::int64_t offset[Loop::max_operands] = {}, rest = i;
    for (int axis = loop.axes; axis-- > 0; rest /= loop.extent[axis])
      for (int k = 0; k < Loop::max_operands; ++k) offset[k] += rest % loop.extent[axis] * loop.stride[k][axis];
    f(offset);
  }
}

/// 0-d values and derivatives have the bits that arrays give.
template <class Rule, class T> void check_scalars(int arch) {
  const detail::ElementwiseKernels& kernels = kernels_of<Rule>(arch);
  std::vector<T> a, b;
  for (T x : edge_values<T>())
    for (T y : edge_values<T>()) a.push_back(x), b.push_back(y);
  const std::vector<T> more_a = numbers<T>(200, 5), more_b = numbers<T>(200, 6);
  a.insert(a.end(), more_a.begin(), more_a.end());
  b.insert(b.end(), more_b.begin(), more_b.end());
  const std::vector<T> g = numbers<T>(a.size(), 7), y = value<Rule>(arch, a, b);
  const auto same = [](T x, double z) {
    return (std::isnan(x) && std::isnan(z)) ||
           std::bit_cast<std::uint64_t>(static_cast<double>(x)) == std::bit_cast<std::uint64_t>(z);
  };
  std::size_t wrong = 0;
  std::vector<std::array<double, 2>> saved(a.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    wrong += !same(y[i], kernels.scalar_value[type_index<T>](static_cast<double>(a[i]), static_cast<double>(b[i]),
                                                             saved[i].data()));
  for (int input = 0; input < 2; ++input) {
    if (!kernels.grad[input][0]) continue;
    const std::vector<T> d = derivative<Rule>(arch, input, g, a, b);
    for (std::size_t i = 0; i < a.size(); ++i) {
      const detail::ScalarPair pair = kernels.scalar_grad[type_index<T>](static_cast<double>(g[i]), saved[i].data());
      wrong += !same(d[i], input == 0 ? pair.first : pair.second);
    }
  }
  INFO(Rule::name << " on set " << arch);
  CHECK(wrong == 0);
}

template <class... Rules> void check_scalars_of() {
  for (int arch = 0; arch < arch_count(); ++arch)
    (..., (check_scalars<Rules, float>(arch), check_scalars<Rules, double>(arch)));
}

}  // namespace

TEST_CASE("an element's bits do not depend on its place in a row", "[kernels]") {
  for (int arch = 0; arch < arch_count(); ++arch) {
    check_tails<rules::Sigmoid, float>(arch);
    check_tails<rules::Sigmoid, double>(arch);
    check_tails<rules::Div, float>(arch);
    check_tails<rules::Pow, double>(arch);
    check_tails<rules::Gelu, float>(arch);
  }
}

TEST_CASE("broadcast nests give what a plain loop gives, stored and added", "[kernels]") {
  std::mt19937 random(11);
  const std::vector<double> a = numbers<double>(90000, 1), b = numbers<double>(90000, 2);
  for (int trial = 0; trial < 300; ++trial) {
    const Loop loop = random_loop(random, 3);
    const bool accumulate = trial % 2 == 1;
    std::vector<double> got(90000, 0.5), expected(got);
    each_element(loop, [&](const std::int64_t* at) {
      double& y = expected[static_cast<std::size_t>(at[0])];
      const double d = a[static_cast<std::size_t>(at[1])] * b[static_cast<std::size_t>(at[2])];
      y = accumulate ? y + d : d;
    });
    // mul's derivative for its first input is g b: operands 1 and 3 of that loop.
    Loop moved = loop;
    std::copy(std::begin(loop.stride[2]), std::end(loop.stride[2]), moved.stride[3]);
    const void* in[] = {a.data(), nullptr, b.data(), nullptr, nullptr};
    for (int arch = 0; arch < arch_count(); ++arch) {
      std::vector<double> y(got);
      kernels_of<rules::Mul>(arch).grad[0][1](moved, y.data(), in, accumulate);
      REQUIRE(same_bits(y, expected));
    }
  }
}

TEST_CASE("a nest with an empty axis touches nothing", "[kernels]") {
  for (int empty = 0; empty < 4; ++empty) {
    Loop loop{};
    loop.axes = 4;
    for (int axis = 0; axis < 4; ++axis) loop.extent[axis] = axis == empty ? 0 : 3;
    const void* in[] = {nullptr, nullptr};
    for (int arch = 0; arch < arch_count(); ++arch) {
      std::vector<float> y(1, 5);
      const std::vector<float> x(1, 1);
      in[0] = in[1] = x.data();
      kernels_of<rules::Add>(arch).value[0](loop, y.data(), in, false);
      CHECK(y[0] == 5);
    }
  }
}

TEST_CASE("the output may be one of the inputs", "[kernels]") {
  for (int arch = 0; arch < arch_count(); ++arch) {
    const std::vector<float> a = numbers<float>(1003, 1), b = numbers<float>(1003, 2);
    const std::vector<float> expected = value<rules::Sub>(arch, a, b);
    std::vector<float> in_a(a), in_b(b);
    const void* first[] = {in_a.data(), b.data()};
    kernels_of<rules::Sub>(arch).value[0](flat_loop(1003), in_a.data(), first, false);
    CHECK(same_bits(in_a, expected));
    const void* second[] = {a.data(), in_b.data()};
    kernels_of<rules::Sub>(arch).value[0](flat_loop(1003), in_b.data(), second, false);
    CHECK(same_bits(in_b, expected));
  }
}

TEMPLATE_TEST_CASE("nan, infinities and signed zeros", "[kernels]", float, double) {
  using T = TestType;
  const T nan = std::numeric_limits<T>::quiet_NaN(), inf = std::numeric_limits<T>::infinity();
  for (int arch = 0; arch < arch_count(); ++arch) {
    const auto one = [&]<class Rule>(Rule, T a, T b = 0) { return value<Rule, T>(arch, {a}, {b})[0]; };
    const auto gradient = [&]<class Rule>(Rule, int input, T a, T b = 0) {
      return derivative<Rule, T>(arch, input, {T(8)}, {a}, {b})[0];
    };
    using namespace rules;
    CHECK(std::isnan(one(Maximum{}, nan, 1)));
    CHECK(std::isnan(one(Maximum{}, 1, nan)));
    CHECK(std::isnan(one(Minimum{}, nan, 1)));
    CHECK(std::isnan(one(Minimum{}, 1, nan)));
    CHECK(one(Maximum{}, -inf, 2) == 2);
    CHECK(std::isnan(one(Relu{}, nan)));
    CHECK(one(Relu{}, -inf) == 0);
    CHECK(one(Relu{}, inf) == inf);
    CHECK(!std::signbit(one(Abs{}, T(-0.0))));
    CHECK(one(Abs{}, -inf) == inf);
    CHECK(std::signbit(one(Neg{}, T(0))));
    CHECK(one(Step{}, T(-0.0)) == 0);
    CHECK(one(Step{}, inf) == 1);
    CHECK(one(Log{}, 0) == -inf);
    CHECK(std::isnan(one(Log{}, -1)));
    CHECK(one(Softplus{}, 1000, 1) == 1000);
    CHECK(one(Silu{}, -1000) == 0);
    CHECK(one(Gelu{}, -1000) == 0);

    CHECK(gradient(Maximum{}, 0, 2, 2) == 4);
    CHECK(gradient(Maximum{}, 1, 2, 2) == 4);
    CHECK(gradient(Maximum{}, 0, 1, 2) == 0);
    CHECK(gradient(Minimum{}, 0, 1, 2) == 8);
    CHECK(gradient(Abs{}, 0, 0) == 0);
    CHECK(gradient(Abs{}, 0, -3) == -8);
    CHECK(gradient(Sqrt{}, 0, 0) == inf);
    CHECK(gradient(Step{}, 0, 3) == 0);
    CHECK(gradient(Relu{}, 0, 0) == 0);
    CHECK(gradient(LeakyRelu{}, 0, -1, T(0.25)) == 2);
    CHECK(gradient(Pow{}, 0, 0, 0) == 0);
    CHECK(gradient(Pow{}, 0, 0, 1) == 8);
    CHECK(gradient(Pow{}, 0, 3, 2) == 48);
    CHECK(gradient(Pow{}, 1, 0, 2) == 0);
    CHECK(gradient(Pow{}, 1, 0, 0) == 0);
    CHECK(gradient(Softplus{}, 0, -1000, 1) == 0);
    CHECK(gradient(Softplus{}, 0, 1000, 1) == 8);
  }
}

TEST_CASE("clamp is inclusive, and where takes what the mask says", "[kernels]") {
  const std::vector<double> x{-5, -1, 0, 2, 7, std::nan("")}, low(6, -1), high(6, 2), g(6, 3);
  const Bytes chosen{1, 0, 1, 0, 1, 0};
  for (int arch = 0; arch < arch_count(); ++arch) {
    std::vector<double> y(6), d(6);
    const void* in[] = {x.data(), low.data(), high.data()};
    kernels_of<rules::Clamp>(arch).value[1](flat_loop(6), y.data(), in, false);
    CHECK(std::vector<double>(y.begin(), y.end() - 1) == std::vector<double>{-1, -1, 0, 2, 2});
    CHECK(std::isnan(y[5]));
    const void* gradient_in[] = {g.data(), x.data(), low.data(), high.data(), nullptr};
    kernels_of<rules::Clamp>(arch).grad[0][1](flat_loop(6), d.data(), gradient_in, false);
    CHECK(d == std::vector<double>{0, 3, 3, 3, 0, 0});

    const void* where_in[] = {chosen.data(), x.data(), low.data()};
    kernels_of<rules::Where>(arch).value[1](flat_loop(6), y.data(), where_in, false);
    CHECK(y == std::vector<double>{-5, -1, 0, -1, 7, -1});
    const void* where_gradient_in[] = {g.data(), chosen.data(), nullptr, nullptr, nullptr};
    kernels_of<rules::Where>(arch).grad[1][1](flat_loop(6), d.data(), where_gradient_in, false);
    CHECK(d == std::vector<double>{3, 0, 3, 0, 3, 0});
    kernels_of<rules::Where>(arch).grad[2][1](flat_loop(6), d.data(), where_gradient_in, false);
    CHECK(d == std::vector<double>{0, 3, 0, 3, 0, 3});
  }
}

TEMPLATE_TEST_CASE("comparisons write 0 and 1, in every length", "[kernels]", float, double) {
  using T = TestType;
  std::vector<T> a = numbers<T>(40, 1), b = numbers<T>(40, 2);
  for (std::size_t i = 0; i < 40; i += 3) b[i] = a[i];
  a[4] = b[7] = std::numeric_limits<T>::quiet_NaN();
  for (int arch = 0; arch < arch_count(); ++arch)
    for (std::size_t n = 1; n <= 40; ++n) {
      const std::vector<T> x(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(n)),
          z(b.begin(), b.begin() + static_cast<std::ptrdiff_t>(n));
      Bytes greater, less_equal, equal, not_equal;
      for (std::size_t i = 0; i < n; ++i) {
        greater.push_back(x[i] > z[i]);
        less_equal.push_back(x[i] <= z[i]);
        equal.push_back(x[i] == z[i]);
        not_equal.push_back(x[i] != z[i]);
      }
      CHECK(mask<rules::Greater>(arch, x, z) == greater);
      CHECK(mask<rules::LessEqual>(arch, x, z) == less_equal);
      CHECK(mask<rules::Equal>(arch, x, z) == equal);
      CHECK(mask<rules::NotEqual>(arch, x, z) == not_equal);
    }
}

TEST_CASE("int64 wraps around; booleans compare", "[kernels]") {
  constexpr auto lowest = std::numeric_limits<std::int64_t>::min(), highest = std::numeric_limits<std::int64_t>::max();
  const std::vector<std::int64_t> a{1, highest, lowest, -3}, b{2, 1, -1, 5};
  const Bytes p{1, 0, 1, 0}, q{1, 1, 0, 0};
  for (int arch = 0; arch < arch_count(); ++arch) {
    const auto run = [&]<class Rule>(Rule) {
      std::vector<std::int64_t> y(4);
      const void* in[] = {a.data(), b.data()};
      kernels_of<Rule>(arch).value[2](flat_loop(4), y.data(), in, false);
      return y;
    };
    using Numbers = std::vector<std::int64_t>;
    CHECK(run(rules::Add{}) == Numbers{3, lowest, highest, 2});
    CHECK(run(rules::Mul{}) == Numbers{2, highest, lowest, -15});
    CHECK(run(rules::Maximum{}) == Numbers{2, highest, -1, 5});
    CHECK(run(rules::Abs{}) == Numbers{1, highest, lowest, 3});
    CHECK(run(rules::Square{}) == Numbers{1, 1, 0, 9});
    CHECK(kernels_of<rules::Div>(arch).value[2] == nullptr);

    Bytes y(4), expected{1, 0, 0, 1};
    const void* in[] = {p.data(), q.data()};
    kernels_of<rules::Equal>(arch).value[3](flat_loop(4), y.data(), in, false);
    CHECK(y == expected);
  }
}

TEST_CASE("0-d values and derivatives have the bits of arrays", "[kernels]") {
  using namespace rules;
  check_scalars_of<Add, Sub, Mul, Div, Neg, Pow, Exp, Log, Sqrt, Square, Abs, Sigmoid, Tanh, Relu, LeakyRelu, Softplus,
                   Gelu, Silu, Step, Maximum, Minimum>();
}

}  // namespace xgrad::tests
