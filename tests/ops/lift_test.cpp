// Lifted lambdas against closed forms, tensors' own operations and finite differences.
#include <xgrad/gradcheck.hpp>
#include <xgrad/lift.hpp>
#include <xgrad/transforms.hpp>
#include <xgrad/xgrad.hpp>

#include <cmath>
#include <functional>

#include "catch.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

using Real = long double;
using Numbers = std::vector<double>;
using Tensors = std::vector<Tensor>;

Numbers elements(const Tensor& t) { return t.to_vector<double>(); }

/// A function of x with its derivatives, and where to look.
struct Row {
  std::string name;
  std::function<Tensor(const Tensor&)> f;
  Real (*value)(Real x);
  Real (*first)(Real x);
  Real (*second)(Real x);
  Numbers at = {-1.75, -0.8125, -0.25, 0.375, 0.9375, 1.625};
  Real (*third)(Real x) = nullptr;
};

#define XGRAD_FUNCTION(...) #__VA_ARGS__, lift([](auto x) { return __VA_ARGS__; })
#define XGRAD_IS(...) []([[maybe_unused]] Real x) -> Real { return __VA_ARGS__; }

Real sigma(Real x) { return 1 / (1 + std::exp(-x)); }
Real sech(Real x) { return 1 / std::cosh(x); }
const Real pi = std::acos(Real{-1});
const Numbers positive = {0.125, 0.5, 0.875, 1.25, 3.5}, small = {-0.75, -0.375, 0.125, 0.625};

std::vector<Row> rows() {
  return {
      {XGRAD_FUNCTION(x), XGRAD_IS(x), XGRAD_IS(1), XGRAD_IS(0 * x)},
      {XGRAD_FUNCTION(3 * x + 1), XGRAD_IS(3 * x + 1), XGRAD_IS(3), XGRAD_IS(0 * x)},
      {XGRAD_FUNCTION(x * x), XGRAD_IS(x * x), XGRAD_IS(2 * x), XGRAD_IS(2)},
      {XGRAD_FUNCTION(x * x * x),
       XGRAD_IS(x * x * x),
       XGRAD_IS(3 * x * x),
       XGRAD_IS(6 * x),
       {-1.5, 0.25, 2},
       XGRAD_IS(6)},
      {XGRAD_FUNCTION(1 / x), XGRAD_IS(1 / x), XGRAD_IS(-1 / (x * x)), XGRAD_IS(2 / (x * x * x))},
      {XGRAD_FUNCTION(exp(x)), XGRAD_IS(std::exp(x)), XGRAD_IS(std::exp(x)), XGRAD_IS(std::exp(x)), small,
       XGRAD_IS(std::exp(x))},
      {XGRAD_FUNCTION(exp(-x * x)), XGRAD_IS(std::exp(-x * x)), XGRAD_IS(-2 * x * std::exp(-x * x)),
       XGRAD_IS((4 * x * x - 2) * std::exp(-x * x)), small, XGRAD_IS((12 * x - 8 * x * x * x) * std::exp(-x * x))},
      {XGRAD_FUNCTION(log(x)), XGRAD_IS(std::log(x)), XGRAD_IS(1 / x), XGRAD_IS(-1 / (x * x)), positive,
       XGRAD_IS(2 / (x * x * x))},
      {XGRAD_FUNCTION(x * log(x)), XGRAD_IS(x * std::log(x)), XGRAD_IS(std::log(x) + 1), XGRAD_IS(1 / x), positive},
      {XGRAD_FUNCTION(sqrt(x)), XGRAD_IS(std::sqrt(x)), XGRAD_IS(0.5L / std::sqrt(x)),
       XGRAD_IS(-0.25L / (x * std::sqrt(x))), positive, XGRAD_IS(0.375L / (x * x * std::sqrt(x)))},
      {XGRAD_FUNCTION(sqrt(1 + x * x)), XGRAD_IS(std::sqrt(1 + x * x)), XGRAD_IS(x / std::sqrt(1 + x * x)),
       XGRAD_IS(1 / ((1 + x * x) * std::sqrt(1 + x * x)))},
      {XGRAD_FUNCTION(sin(x)), XGRAD_IS(std::sin(x)), XGRAD_IS(std::cos(x)), XGRAD_IS(-std::sin(x)), small,
       XGRAD_IS(-std::cos(x))},
      {XGRAD_FUNCTION(cos(2 * x)), XGRAD_IS(std::cos(2 * x)), XGRAD_IS(-2 * std::sin(2 * x)),
       XGRAD_IS(-4 * std::cos(2 * x))},
      {XGRAD_FUNCTION(sin(x) * cos(x)),
       XGRAD_IS(std::sin(2 * x) / 2),
       XGRAD_IS(std::cos(2 * x)),
       XGRAD_IS(-2 * std::sin(2 * x)),
       {-1.5, -0.375, 0.125, 0.5}},
      {XGRAD_FUNCTION(tan(x)), XGRAD_IS(std::tan(x)), XGRAD_IS(1 / (std::cos(x) * std::cos(x))),
       XGRAD_IS(2 * std::tan(x) / (std::cos(x) * std::cos(x))), small},
      {XGRAD_FUNCTION(tanh(x)), XGRAD_IS(std::tanh(x)), XGRAD_IS(sech(x) * sech(x)),
       XGRAD_IS(-2 * std::tanh(x) * sech(x) * sech(x)), small},
      {XGRAD_FUNCTION(sinh(x)), XGRAD_IS(std::sinh(x)), XGRAD_IS(std::cosh(x)), XGRAD_IS(std::sinh(x))},
      {XGRAD_FUNCTION(sigmoid(x)), XGRAD_IS(sigma(x)), XGRAD_IS(sigma(x) * sigma(-x)),
       XGRAD_IS(sigma(x) * sigma(-x) * (1 - 2 * sigma(x)))},
      {XGRAD_FUNCTION(x * sigmoid(x)), XGRAD_IS(x * sigma(x)), XGRAD_IS(sigma(x) + x * sigma(x) * sigma(-x)),
       XGRAD_IS(sigma(x) * sigma(-x) * (2 + x * (1 - 2 * sigma(x)))), positive},
      {XGRAD_FUNCTION(1 / (1 + exp(-x))), XGRAD_IS(sigma(x)), XGRAD_IS(sigma(x) * sigma(-x)),
       XGRAD_IS(sigma(x) * sigma(-x) * (1 - 2 * sigma(x)))},
      {XGRAD_FUNCTION(log1p(x * x)), XGRAD_IS(std::log1p(x * x)), XGRAD_IS(2 * x / (1 + x * x)),
       XGRAD_IS((2 - 2 * x * x) / ((1 + x * x) * (1 + x * x)))},
      {XGRAD_FUNCTION(pow(x, 3)),
       XGRAD_IS(x * x * x),
       XGRAD_IS(3 * x * x),
       XGRAD_IS(6 * x),
       {-1.5, 0.25, 2},
       XGRAD_IS(6)},
      {XGRAD_FUNCTION(pow(x, 2.5)), XGRAD_IS(std::pow(x, 2.5L)), XGRAD_IS(2.5L * std::pow(x, 1.5L)),
       XGRAD_IS(3.75L * std::sqrt(x)), positive, XGRAD_IS(1.875L / std::sqrt(x))},
      {XGRAD_FUNCTION(pow(2, x)), XGRAD_IS(std::exp2(x)), XGRAD_IS(std::exp2(x) * std::log(2.0L)),
       XGRAD_IS(std::exp2(x) * std::log(2.0L) * std::log(2.0L))},
      {XGRAD_FUNCTION(pow(x, x)),
       XGRAD_IS(std::pow(x, x)),
       XGRAD_IS(std::pow(x, x) * (std::log(x) + 1)),
       XGRAD_IS(std::pow(x, x) * ((std::log(x) + 1) * (std::log(x) + 1) + 1 / x)),
       {0.125, 0.625, 1.25, 2.5}},
      {XGRAD_FUNCTION(erf(x)), XGRAD_IS(std::erf(x)), XGRAD_IS(2 / std::sqrt(pi) * std::exp(-x * x)),
       XGRAD_IS(-4 * x / std::sqrt(pi) * std::exp(-x * x))},
      {XGRAD_FUNCTION(atan(x)), XGRAD_IS(std::atan(x)), XGRAD_IS(1 / (1 + x * x)),
       XGRAD_IS(-2 * x / ((1 + x * x) * (1 + x * x)))},
      {XGRAD_FUNCTION(asin(x)), XGRAD_IS(std::asin(x)), XGRAD_IS(1 / std::sqrt(1 - x * x)),
       XGRAD_IS(x / ((1 - x * x) * std::sqrt(1 - x * x))), small},
      {XGRAD_FUNCTION(abs(x) * x), XGRAD_IS(std::abs(x) * x), XGRAD_IS(2 * std::abs(x)), XGRAD_IS(x > 0 ? 2 : -2)},
      {XGRAD_FUNCTION(maximum(x, 0) * x), XGRAD_IS(x > 0 ? x * x : 0), XGRAD_IS(x > 0 ? 2 * x : 0),
       XGRAD_IS(x > 0 ? 2 : 0)},
      {XGRAD_FUNCTION(where(x > 0, sin(x), x * x)), XGRAD_IS(x > 0 ? std::sin(x) : x * x),
       XGRAD_IS(x > 0 ? std::cos(x) : 2 * x), XGRAD_IS(x > 0 ? -std::sin(x) : 2)},
      {XGRAD_FUNCTION(x > 0 ? sqrt(x) : -x * x), XGRAD_IS(x > 0 ? std::sqrt(x) : -x * x),
       XGRAD_IS(x > 0 ? 0.5L / std::sqrt(x) : -2 * x), XGRAD_IS(x > 0 ? -0.25L / (x * std::sqrt(x)) : -2)},
      {XGRAD_FUNCTION(square(x) / (2 + square(x))), XGRAD_IS(x * x / (2 + x * x)),
       XGRAD_IS(4 * x / ((2 + x * x) * (2 + x * x))),
       XGRAD_IS((8 - 12 * x * x) / ((2 + x * x) * (2 + x * x) * (2 + x * x)))},
  };
}

void check_ulps(double found, Real expected, double ulps, const std::string& what, double x) {
  INFO(what << " at " << x << ": " << found << ", expected " << static_cast<double>(expected));
  const Real ulp =
      std::nextafter(std::abs(static_cast<double>(expected)), INFINITY) - std::abs(static_cast<double>(expected));
  CHECK(std::abs(static_cast<Real>(found) - expected) <= ulps * ulp);
}

double third_of(const std::function<Tensor(const Tensor&)>& f, double x) {
  return grad(grad(grad([&](const Tensor& t) { return f(t); })))(tensor(x, float64)).item();
}

const auto huber = [](auto x) {
  if (x > 1) return x - 0.5;
  if (x < -1) return -x - 0.5;
  return 0.5 * x * x;
};

}  // namespace

TEST_CASE("lift: values and derivatives against closed forms", "[lift]") {
  for (const Row& row : rows()) {
    const Tensor x = variable(from_vector(row.at, {static_cast<std::int64_t>(row.at.size())}));
    Tape tape;
    const Tensor y = row.f(x);
    CHECK(tape.size() == 2);  // the leaf, and y
    const Tensor first = tape.gradient(sum(y), x, {.create_graph = true});
    const Numbers values = elements(y), plain = elements(tape.gradient(sum(row.f(x)), x)), firsts = elements(first);
    const Numbers seconds = elements(tape.gradient(sum(first), x));
    CHECK(firsts == plain);
    for (std::size_t i = 0; i < row.at.size(); ++i) {
      const double at = row.at[i];
      check_ulps(values[i], row.value(at), 4, row.name, at);
      check_ulps(firsts[i], row.first(at), 8, "derivative of " + row.name, at);
      INFO(row.name << " at " << at);
      const double expected = static_cast<double>(row.second(at));
      CHECK(seconds[i] == Approx(expected).epsilon(1e-10).margin(1e-14));
      if (row.third)
        CHECK(third_of(row.f, at) == Approx(static_cast<double>(row.third(at))).epsilon(1e-10).margin(1e-14));
    }
  }
}

TEST_CASE("lift: 0-d values have the bits of arrays", "[lift]") {
  for (const Row& row : rows()) {
    const Tensor x = from_vector(row.at, {static_cast<std::int64_t>(row.at.size())});
    const Numbers values = elements(row.f(x));
    for (std::size_t i = 0; i < row.at.size(); ++i) {
      INFO(row.name);
      CHECK(row.f(tensor(row.at[i], float64)).item() == values[i]);
    }
  }
}

TEST_CASE("lift: float32", "[lift]") {
  for (const Row& row : rows()) {
    Tensor x = variable(to(from_vector(row.at, {static_cast<std::int64_t>(row.at.size())}), float32));
    Tape tape;
    const Tensor y = row.f(x);
    REQUIRE(y.dtype() == float32);
    const Tensor first = tape.gradient(sum(y), x);
    for (std::size_t i = 0; i < row.at.size(); ++i) {
      INFO(row.name << " at " << row.at[i]);
      CHECK(static_cast<double>(y.data<float>()[i]) == Approx(static_cast<double>(row.value(row.at[i]))).epsilon(1e-6));
      CHECK(static_cast<double>(first.data<float>()[i]) ==
            Approx(static_cast<double>(row.first(row.at[i]))).epsilon(2e-6));
    }
  }
}

TEST_CASE("lift: branches", "[lift]") {
  const auto f = lift(huber);
  const Tensor x = variable(tensor({-3, -1, -0.5, 0, 1, 2}, float64));
  Tape tape;
  const Tensor y = f(x);
  CHECK(tape.size() == 2);
  CHECK(elements(y) == Numbers{2.5, 0.5, 0.125, 0, 0.5, 1.5});
  const Tensor slope = tape.gradient(sum(y), x, {.create_graph = true});
  CHECK(elements(slope) == Numbers{-1, -1, -0.5, 0, 1, 1});
  CHECK(elements(tape.gradient(sum(slope), x)) == Numbers{0, 1, 1, 1, 1, 0});

  const auto nested = lift([](auto a, auto b) {
    auto r = a;
    if (a > b) {
      if (b > 0 && a < 2) r = a * b;
      else r = a > 3 ? a - b : b - a;
    } else {
      r *= a == b ? 10 : 2;
    }
    return r;
  });
  const auto plain = [](double a, double b) {
    if (a > b) {
      if (b > 0 && a < 2) return a * b;
      return a > 3 ? a - b : b - a;
    }
    return a * (a == b ? 10 : 2);
  };
  const Tensor a = random_tensor({40, 1}, -1, 5), b = random_tensor({30}, -1, 5, float64, 2);
  const Numbers found = elements(nested(a, b));
  for (std::size_t i = 0; i < 40; ++i)
    for (std::size_t k = 0; k < 30; ++k) CHECK(found[i * 30 + k] == plain(elements(a)[i], elements(b)[k]));
  CHECK(nested(tensor(1.5, float64), 1.5).item() == 15);

  const auto loop = lift([](auto t) {  // Horner; a loop that does not depend on an element
    auto sum = 0 * t;
    for (double c : {1.0, -2.0, 3.0}) sum = sum * t + c;
    return sum;
  });
  CHECK(loop(tensor(2, float64)).item() == 3);
  const auto nan = lift([](auto t) {
    return t > 0 ? t : t <= 0 ? -t : 7 + 0 * square(1 + 0 * abs(where(isnan(t), 1, t)));
  });
  CHECK(nan(tensor(NAN, float64)).item() == 7);
  const auto logic = lift([](auto t) { return where(((t > 1) & !(t > 2)) | (t == 0), 1, 0); });
  CHECK(elements(logic(tensor({-1, 0, 1, 1.5, 2, 2.5}, float64))) == Numbers{0, 1, 0, 1, 1, 0});
}

TEST_CASE("lift: what is not taken does not count", "[lift]") {
  const auto root = lift([](auto x) { return x > 0 ? sqrt(x) * log(x) : 0 * x; });
  const auto inner = lift([](auto x) { return 1 + 3 * where(x > 0, sqrt(x), 0); });
  for (const auto& f : {root, inner}) {
    const Tensor x = variable(tensor({-2, 0, 4}, float64));
    Tape tape;
    const Tensor y = f(x);
    Tensor d = y;
    for (int order = 0; order < 4; ++order) {
      CHECK(std::isfinite(sum(d).item()));
      d = tape.gradient(sum(d), x, {.create_graph = true});
    }
  }
}

TEST_CASE("lift: several arguments, broadcast, against operations and differences", "[lift]") {
  const auto text = [](auto a, auto b, auto c) { return exp(a * b) / (1 + c * c) + sin(c) * a - maximum(b, c); };
  const auto f = lift(text);
  const std::vector<std::vector<Shape>> shapes = {{{3, 4}, {3, 4}, {3, 4}},
                                                  {{3, 1}, {4}, {}},
                                                  {{}, {}, {}},
                                                  {{2, 1, 3}, {4, 1}, {3}},
                                                  {{1}, {5}, {2, 1}},
                                                  {{0, 3}, {3}, {1, 1}},
                                                  {{3, 700}, {3, 1}, {700}},
                                                  {{2, 2, 2, 2}, {2, 1, 2, 1}, {1, 2, 1, 2}}};
  for (const auto& s : shapes) {
    const Tensor a = random_variable(s[0]), b = random_variable(s[1], -1, 1, float64, 2),
                 c = random_variable(s[2], -1, 1, float64, 3);
    INFO(to_string(s[0]) << to_string(s[1]) << to_string(s[2]));
    Tape tape;
    const Tensor y = f(a, b, c), z = text(a, b, c);
    REQUIRE(y.shape() == z.shape());
    CHECK(same_bits(y.detach(), z.detach()));
    const std::vector<Tensor> in{a, b, c};
    const auto dy = tape.gradient(sum(y), in), dz = tape.gradient(sum(z), in);
    for (std::size_t i = 0; i < 3; ++i) {
      REQUIRE(dy[i].shape() == dz[i].shape());
      for (std::size_t k = 0; k < elements(dy[i]).size(); ++k)
        CHECK(elements(dy[i])[k] == Approx(elements(dz[i])[k]).epsilon(1e-11).margin(1e-12));
    }
    if (y.size() > 0 && y.size() < 100) {
      const auto report = gradcheck([&](const Tensors& t) { return f(t[0], t[1], t[2]); }, in, {.order = 2});
      INFO(report.text);
      CHECK(report.ok);
    }
  }
  Tape tape;
  const Tensor a = random_variable({3}), b = random_variable({3});
  const auto before = tape.size();
  const Tensor y = f(a, b, 0.5);
  CHECK(tape.size() == before + 3);  // two leaves, and y
  CHECK_FALSE(f(a.detach(), 1, 2).requires_grad());
}

TEST_CASE("lift: derivatives of high order", "[lift]") {
  const auto f = lift([](auto a, auto b, auto c) { return exp(a + 2 * b) * c; });
  const Tensor a = variable(tensor({0.5, 1}, float64)), b = variable(tensor({0.25, -1}, float64)),
               c = variable(tensor({2, 3}, float64));
  Tape tape;
  Tensor d = f(a, b, c);
  const Numbers y = elements(d);
  double factor = 1;
  for (int order = 1; order <= 8; ++order) {  // the last ones by operations
    d = tape.gradient(sum(d), order % 2 ? b : a, {.create_graph = true});
    factor *= order % 2 ? 2 : 1;
    for (std::size_t i = 0; i < 2; ++i) CHECK(elements(d)[i] == Approx(factor * y[i]).epsilon(1e-10));
  }
  // By the upstream gradient too: mixed with everything else on the tape.
  const auto g = lift([](auto x) { return x * tanh(x); });
  const auto loss = [&](const Tensor& x) { return sum(square(g(g(x) * x))); };
  const auto same = [](const Tensor& x) {
    const auto h = [](const Tensor& t) { return t * tanh(t); };
    return sum(square(h(h(x) * x)));
  };
  const Tensor x = tensor({0.5, -1.25}, float64), p = hessian(loss, x), q = hessian(same, x);
  for (std::size_t i = 0; i < 4; ++i) CHECK(elements(p)[i] == Approx(elements(q)[i]).epsilon(1e-11).margin(1e-12));
}

TEST_CASE("lift: long arrays, on any number of threads", "[lift]") {
  const auto f = lift([](auto x, auto y) { return x * exp(-y) + (x > y ? x * y : x - y); });
  const auto by_hand = [](const Tensor& x, const Tensor& y) { return x * exp(-y) + where(x > y, x * y, x - y); };
  for (const DType dtype : {float32, float64}) {
    const Tensor x = random_tensor({300, 1001}, -2, 2, dtype), y = random_tensor({1001}, -2, 2, dtype, 2),
                 z = random_tensor({300, 1}, -2, 2, dtype, 3);
    for (int count : {1, 4}) {
      const Threads threads(count);
      CHECK(same_bits(f(x, y), by_hand(x, y)));
      CHECK(same_bits(f(z, y), by_hand(z, y)));
      CHECK(same_bits(f(x, z), by_hand(x, z)));
      CHECK(same_bits(f(x, 0.5), by_hand(x, full({}, 0.5, dtype))));
    }
  }
}

// What runs together in registers, and where a row ends, is the library's choice: it must not show in a bit.
TEST_CASE("lift: bits are those of the operations, however they are put together", "[lift]") {
  using Function = std::function<Tensor(const Tensor&, const Tensor&, const Tensor&)>;
#define XGRAD_BOTH(...)                                                               \
  {                                                                                   \
#__VA_ARGS__, lift([](auto a, auto b, auto c) { return __VA_ARGS__; }),           \
        [](const Tensor& a, const Tensor& b, const Tensor& c) { return __VA_ARGS__; } \
  }
  struct Both {
    const char* text;
    Function lifted, by_operations;
  };
  const Both functions[] = {
      XGRAD_BOTH(sqrt(abs(a)) + b * c),
      XGRAD_BOTH(sqrt(abs(a)) - b * c),
      XGRAD_BOTH(sqrt(abs(a)) + a * b * c),
      XGRAD_BOTH(sqrt(abs(a)) - c * (b * a)),
      XGRAD_BOTH(a * a * a - 2 * a * b + b * b + c),
      XGRAD_BOTH(b * b - sqrt(abs(a)) * (2 - c) - c * c + (a * 3 + b) * (b * a - 1)),
      XGRAD_BOTH(((2 * a - 1) * b + 3) * c + maximum(a * 2 + b, 0) * maximum(c, a)),
      XGRAD_BOTH(square(a - b) * 3 - square(a + b + c) + 1 / (square(b) + 2)),
      XGRAD_BOTH(b * c - sqrt(abs(a))),
      XGRAD_BOTH((a * b + c) * (b + c) - (a - b) * (c * a)),
      XGRAD_BOTH((a / b - c) * (c - a) / (b / (a * c))),
      XGRAD_BOTH(a * a * (b * b) - (a * b) * (a * b) + square(a - c)),
      XGRAD_BOTH(where(a > b, a * b, a - b) + where(a >= c, a, c * b) -
                 where(b < c, b * c, c) * where(b <= a, c, a - c)),
      XGRAD_BOTH(where(a == b, a * b, a - b) + where(a != c, a / b, c * b)),
      XGRAD_BOTH(where(a > 0, 1 / a, where(0 > b, b * c, c * 2))),
      XGRAD_BOTH(where(a > b, exp(a), exp(b) * c) + where(a > b, b, exp(c))),
      XGRAD_BOTH(maximum(a * b, c) - maximum(c, a + b) * minimum(a * c, b) + minimum(b, a - c)),
      XGRAD_BOTH(exp(a) / (1 + exp(b)) + tanh(c) * log1p(a * a) - sigmoid(b) * pow(abs(c) + 1, a)),
      XGRAD_BOTH(sin(exp(a) * b) + cos(b + c) * sin(c) - gelu(a * c)),
      XGRAD_BOTH(sin(2 * sin(a)) + cos(sin(a) + b) * sin(sin(a) * c)),
      XGRAD_BOTH(sin(b) * a + exp(sin(c) - b) * sin(b)),
      XGRAD_BOTH(relu(a - b) + step(b) * sign(c * a) - 1 / sqrt(abs(b) + 1)),
      XGRAD_BOTH(expm1(a) * exp2(b) + log(abs(a) + 1) - log2(abs(b) + 2) * log10(abs(c) + 3) + erf(a) * cosh(b) -
                 sinh(c)),
  };
#undef XGRAD_BOTH
  std::vector<std::vector<Shape>> shapes = {{{}, {}, {}},
                                            {{3, 200}, {200}, {3, 1}},
                                            {{5, 7}, {7}, {5, 1}},
                                            {{2, 3, 150}, {3, 1}, {2, 1, 150}},
                                            {{2, 70000}, {2, 1}, {}}};
  for (const std::int64_t n : {1, 7, 15, 16, 17, 63, 64, 65, 127, 128, 129, 255, 1000, 1100})
    shapes.push_back({{n}, {n}, n % 2 ? Shape{} : Shape{n}});
  for (const DType dtype : {float32, float64})
    for (const auto& s : shapes) {
      const Tensor a = random_tensor(s[0], -2, 2, dtype), b = random_tensor(s[1], -2, 2, dtype, 2),
                   c = random_tensor(s[2], -2, 2, dtype, 3);
      for (const Both& f : functions) {
        INFO(f.text << " of " << to_string(s[0]) << to_string(s[1]) << to_string(s[2]));
        CHECK(same_bits(f.lifted(a, b, c), f.by_operations(a, b, c)));
      }
    }
}

TEST_CASE("lift: a program may be long", "[lift]") {
  const auto f = lift([](auto x) {
    auto sum = x;
    for (int i = 0; i < 3000; ++i) sum = sum * 0.5 + (i % 50 ? x : sin(sum));
    return sum;
  });
  double expected = 0.25;
  for (int i = 0; i < 3000; ++i) expected = expected * 0.5 + (i % 50 ? 0.25 : std::sin(expected));
  CHECK(f(tensor(0.25, float64)).item() == expected);
  CHECK(
      std::isfinite(grad([&](const Tensor& t) { return sum(f(t)); })(tensor({0.25, 0.5}, float64)).data<double>()[1]));
}

TEST_CASE("lift: backward, releases, copies and composition", "[lift]") {
  const Tensor x = variable(tensor({1, 2}, float64));
  Tensor y;
  {
    Tape tape;
    {
      const auto f = lift([](auto t) { return t * t * t; });
      auto g = f;
      g = f;
      y = g(x);
    }  // the node owns it
    sum(y).backward();
  }
  CHECK(elements(x.grad()) == Numbers{3, 12});
  const auto inner = lift([](auto a, auto b) { return a > b ? a * a : b; });
  const auto outer = lift([&](auto t) { return inner(t, 1) + inner(2, t); });
  CHECK(elements(outer(tensor({0.5, 3}, float64))) == Numbers{5, 12});
  double scale = 2;
  const auto scaled = lift([&](auto t) { return scale * t; });
  scale = 5;
  CHECK(scaled(tensor(1, float64)).item() == 2);
  const auto constant = lift([](auto) { return 3.0; });
  CHECK(elements(constant(tensor({1, 2}, float64))) == Numbers{3, 3});
  const auto second = lift([](auto, auto b) { return exp(b); });
  const Tensor wide = second(zeros({2, 3}), zeros({3}));
  CHECK(wide.shape() == Shape{2, 3});
  CHECK(sum(wide).item() == 6);
  CHECK(grad([&](const Tensor& t) { return sum(lift(huber)(t)); })(tensor({0.5, 2}, float64)).data<double>()[0] == 0.5);
}

TEST_CASE("lift: errors name the user's line", "[lift]") {
  const auto one = lift([](auto x) { return exp(x); });
  const auto two = lift([](auto x, auto y) { return x + y; });
  CHECK(error_here<ValueError>([&] { one(2.0); }) == "lift: no argument is a tensor");
  CHECK(error_here<ValueError>([&] { two(1.0, 2.0); }) == "lift: no argument is a tensor");
  CHECK(error_here<ValueError>([&] { one(Tensor()); }) == "lift: argument 1 is an undefined tensor");
  CHECK(error_here<DTypeError>([&] { two(ones({2}), ones({2}, float64)); }) ==
        "lift: dtypes differ: argument 1 is float32 (2,), argument 2 is float64 (2,); convert one with to(x, dtype)");
  CHECK_THAT(error_here<DTypeError>([&] { one(ones({2}, int64)); }), contains("expected float32 or float64"));
  CHECK(error_here<ShapeError>([&] { two(ones({2}), ones({3})); }) ==
        "lift: shapes do not broadcast: argument 1 is (2,), argument 2 is (3,)");
  const std::string many = "lift: the function has more than 64 ways through its branches; choose with where()";
  CHECK(error_here<ValueError>([] {
          lift([](auto x) {
            for (int i = 0; i < 7; ++i)
              if (x > i * 0.5) x *= -1;
            return x;
          });
        }) == many);
  CHECK(error_here<ValueError>([] {
          lift([](auto x) {
            while (x > 1) x *= 0.5;
            return x;
          });
        }) == many);
  int call = 0;
  CHECK(error_here<ValueError>([&] { lift([&](auto x) { return x > ++call ? x : -x; }); }) ==
        "lift: the function took another way when it was called again with the same answers");
  Symbol kept;
  lift([&](auto x) { return kept = x; });
  CHECK(error_of<ValueError>([&] { exp(kept); }) ==
        "lift: a Symbol was used outside of the call of lift() it was made for");
  CHECK(error_here<ValueError>([] {
          lift([](auto x) {
            lift([&](auto y) { return x + y; });
            return x;
          });
        }) == "lift: Symbols of two calls of lift() met");
  struct Mine {};
  CHECK_THROWS_AS(lift([](auto x) { return throw Mine(), x; }), Mine);
}

TEST_CASE("lift: an argument that the function does not use", "[lift]") {
  const auto f = lift([](auto x, auto y, auto) { return x * x * y; });
  const Tensor x = random_tensor({2, 8}), y = random_tensor({8}, -1, 1, float64, 2), z = random_tensor({8});
  check_close(f(x, y, z), x * x * y);
  check_close(lift([](auto a, auto) { return a * a + 1; })(random_tensor({2, 3}), random_tensor({3})),
              square(random_tensor({2, 3})) + 1);
}

}  // namespace xgrad::tests
