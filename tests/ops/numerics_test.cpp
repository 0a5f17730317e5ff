// The far ends of the number line: what must stay finite and exact to rounding there, in value and gradient.
#include <algorithm>
#include <cmath>
#include <limits>

#include "catch.hpp"
#include "op_table.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();

std::vector<double> doubles(const Tensor& t) { return to(t, float64).to_vector<double>(); }
Tensor vector_of(const std::vector<double>& x, DType dtype) {
  return to(from_vector(x, {static_cast<std::int64_t>(x.size())}), dtype);
}

/// |a - b| in units of the last place of a dtype's numbers near b; less than the smallest normal number is no error.
double ulps(double a, Real b, DType dtype) {
  const bool single = dtype == float32;
  const Real smallest = single ? Real{std::numeric_limits<float>::min()} : Real{std::numeric_limits<double>::min()};
  const Real epsilon =
      single ? Real{std::numeric_limits<float>::epsilon()} : Real{std::numeric_limits<double>::epsilon()};
  if (std::isinf(a)) return static_cast<Real>(a) == b ? 0 : inf;
  return static_cast<double>(std::abs(a - b) / (std::max(std::abs(b), smallest) * epsilon));
}

/// The spacing of a dtype's numbers near x, or near 1 where that is more: what a sum with 1 in it can hold.
Real rounding(Real x, DType dtype) {
  const Real epsilon =
      dtype == float32 ? Real{std::numeric_limits<float>::epsilon()} : Real{std::numeric_limits<double>::epsilon()};
  return epsilon * std::max(std::abs(x), Real{1});
}

/// Value and gradient of f by element against f and df in long double; gradients of y (1 - y) only to rounding near 1.
template <class F>
void check_function(F f, Real (*value)(Real), Real (*derivative)(Real), double limit, int allowed = 4) {
  for (DType dtype : {float32, float64}) {
    std::vector<double> points;
    for (double magnitude = limit; magnitude > 1e-30; magnitude /= 3.7)
      points.insert(points.end(), {magnitude, -magnitude});
    points.push_back(0);
    const Tensor x = variable(vector_of(points, dtype));
    points = doubles(x);
    Tape tape;
    const Tensor y = f(x), g = tape.gradient(y, x, {.seed = ones(y.shape(), dtype)});
    const std::vector<double> values = doubles(y), gradients = doubles(g);
    for (std::size_t i = 0; i < points.size(); ++i) {
      INFO(name_of(dtype) << " at " << points[i] << ": " << values[i] << ", " << gradients[i]);
      CHECK(ulps(values[i], value(points[i]), dtype) <= 4);
      CHECK(std::abs(gradients[i] - derivative(points[i])) <= allowed * rounding(derivative(points[i]), dtype));
    }
  }
}

Real sigmoid_of(Real x) { return 1 / (1 + std::exp(-x)); }
Real softplus_of(Real x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

struct Row {
  std::vector<Real> softmax, log_softmax;
  Real logsumexp = 0;
};
Row reference(const std::vector<double>& x) {
  Row row;
  const Real top = *std::max_element(x.begin(), x.end());
  Real sum = 0;
  for (double v : x) sum += std::exp(v - top);
  Real others = -1;  // all but one of the largest
  for (double v : x) others += v == top ? 1 : std::exp(v - top);
  row.logsumexp = top + std::log1p(others);
  for (double v : x) {
    row.softmax.push_back(std::exp(v - top) / sum);
    row.log_softmax.push_back(v - top - std::log1p(others));
  }
  return row;
}

}  // namespace

TEST_CASE("numerics: functions at +-1e3", "[numerics]") {
  check_function([](const Tensor& x) { return sigmoid(x); }, sigmoid_of,
                 [](Real x) { return sigmoid_of(x) * sigmoid_of(-x); }, 1e3);
  check_function([](const Tensor& x) { return softplus(x); }, softplus_of, sigmoid_of, 1e4);
  check_function([](const Tensor& x) { return tanh(x); }, [](Real x) { return std::tanh(x); },
                 [](Real x) { return 1 / std::pow(std::cosh(x), Real{2}); }, 1e3);
  check_function([](const Tensor& x) { return silu(x); }, [](Real x) { return x * sigmoid_of(x); },
                 [](Real x) { return sigmoid_of(x) * (1 + x * sigmoid_of(-x)); }, 1e3, 20);
}

TEST_CASE("numerics: softmax and its logarithm", "[numerics]") {
  const std::vector<std::vector<double>> rows = {
      {1e3, -1e3, 0},   {-1e3, -1e3, -1e3}, {1e3, 1e3, 1e3 - 1}, {1e4, -1e4, 9999.5}, {-1e4, 0, -9990},
      {0, 1e-3, -1e-3}, {1e3, 990, 980},    {5, 5, 5},           {-1e3, 1e3, 999.9},  {0, -800, -30},
      {1, -9, -12},     {0, -20, -36},      {3, 3, -40},         {0, -90, -95},
  };
  for (DType dtype : {float32, float64})
    for (const auto& numbers : rows) {
      const Tensor x = variable(vector_of(numbers, dtype));
      const std::vector<double> point = doubles(x);
      const Row expected = reference(point);
      const Tensor seed = vector_of({0.5, 1.25, -2}, dtype);
      const std::vector<double> u = doubles(seed);
      INFO(name_of(dtype) << " " << to_string(x));
      Tape tape;
      const Tensor p = softmax(x), l = log_softmax(x), top = logsumexp(x);
      const auto gp = doubles(tape.gradient(p, x, {.seed = seed})), gl = doubles(tape.gradient(l, x, {.seed = seed}));
      const auto gt = doubles(tape.gradient(top, x));
      CHECK(std::abs(top.item() - expected.logsumexp) <= 2 * rounding(expected.logsumexp, dtype));
      const Real scale = rounding(1, dtype);
      Real weighted = 0, total = 0;
      for (std::size_t i = 0; i < 3; ++i) weighted += u[i] * expected.softmax[i], total += u[i];
      for (std::size_t i = 0; i < 3; ++i) {
        INFO("element " << i);
        CHECK(ulps(doubles(p)[i], expected.softmax[i], dtype) <= 6);
        CHECK(ulps(doubles(l)[i], expected.log_softmax[i], dtype) <= 6);
        // Differences of numbers of the seed's size: exact to rounding of those.
        CHECK(std::abs(gp[i] - expected.softmax[i] * (u[i] - weighted)) <= 12 * scale * expected.softmax[i] + 1e-40L);
        CHECK(std::abs(gl[i] - (u[i] - expected.softmax[i] * total)) <= 12 * scale * 2);
        CHECK(ulps(gt[i], expected.softmax[i], dtype) <= 8);
      }
    }
}

TEST_CASE("numerics: cross_entropy with logits of +-1e4", "[numerics]") {
  const std::vector<std::vector<double>> rows = {{1e4, -1e4, 0},  {-1e4, -1e4, -1e4}, {1e3, 1e3 - 2, -1e3},
                                                 {0.5, 0.25, -1}, {-1e4, 9999, 1e4},  {10, 0, -3}};
  for (DType dtype : {float32, float64})
    for (const auto& numbers : rows)
      for (std::int64_t label = 0; label < 3; ++label) {
        const Tensor x = variable(reshape(vector_of(numbers, dtype), {1, 3}));
        const Row expected = reference(doubles(x));
        INFO(name_of(dtype) << " " << to_string(x) << " label " << label);
        Tensor one_hot = zeros({1, 3}, dtype);
        one_hot =
            where(from_vector(std::vector<std::int64_t>{0, 1, 2}, {1, 3}) == tensor(static_cast<double>(label), int64),
                  1.0 + one_hot, one_hot);
        for (const Tensor& target : {from_vector(std::vector<std::int64_t>{label}, {1}), one_hot}) {
          Tape tape;
          const Tensor loss = cross_entropy(x, target);
          const std::vector<double> g = doubles(tape.gradient(loss, x));
          const auto k = static_cast<std::size_t>(label);
          CHECK(ulps(loss.item(), -expected.log_softmax[k], dtype) <= 6);
          for (std::size_t i = 0; i < 3; ++i)
            CHECK(std::abs(g[i] - (expected.softmax[i] - (i == k))) <= 4 * rounding(1, dtype));
        }
      }
}

TEST_CASE("numerics: bce_with_logits with logits of +-1e4", "[numerics]") {
  for (DType dtype : {float32, float64})
    for (double logit : {1e4, -1e4, 1e3, -1e3, 30.0, -30.0, 0.1, 0.0})
      for (double target : {0.0, 1.0, 0.25}) {
        const Tensor x = variable(vector_of({logit}, dtype));
        const Real z = doubles(x)[0];
        Tape tape;
        const Tensor loss = bce_with_logits(x, vector_of({target}, dtype));
        INFO(name_of(dtype) << " logit " << logit << " target " << target);
        const Real expected = target * softplus_of(-z) + (1 - target) * softplus_of(z);
        CHECK(ulps(loss.item(), expected, dtype) <= 4);
        CHECK(std::abs(doubles(tape.gradient(loss, x))[0] - (sigmoid_of(z) - target)) <= 2 * rounding(1, dtype));
      }
}

TEST_CASE("numerics: infinities and nan go through, and only where they are", "[numerics]") {
  for (DType dtype : {float32, float64}) {
    INFO(name_of(dtype));
    const Tensor x = vector_of({inf, -inf, nan, 1}, dtype);
    const auto check = [&](const char* name, const Tensor& y, const std::vector<double>& expected) {
      INFO(name << ": " << to_string(y));
      const std::vector<double> found = doubles(y);
      for (std::size_t i = 0; i < 3; ++i)
        CHECK((std::isnan(expected[i]) ? std::isnan(found[i]) : found[i] == expected[i]));
      CHECK(std::isfinite(found[3]));
    };
    check("exp", exp(x), {inf, 0, nan});
    check("expm1", expm1(x), {inf, -1, nan});
    check("log", log(x), {inf, nan, nan});
    check("log1p", log1p(x), {inf, nan, nan});
    check("sqrt", sqrt(x), {inf, nan, nan});
    check("square", square(x), {inf, inf, nan});
    check("abs", abs(x), {inf, inf, nan});
    check("neg", -x, {-inf, inf, nan});
    check("sigmoid", sigmoid(x), {1, 0, nan});
    check("tanh", tanh(x), {1, -1, nan});
    check("relu", relu(x), {inf, 0, nan});
    check("leaky_relu", leaky_relu(x), {inf, -inf, nan});
    check("softplus", softplus(x), {inf, 0, nan});
    check("step", step(x), {1, 0, nan});
    check("erf", erf(x), {1, -1, nan});
    check("normal_cdf", normal_cdf(x), {1, 0, nan});
    check("identity", identity(x), {inf, -inf, nan});
    check("maximum", maximum(x, 0.0), {inf, 0, nan});
    check("minimum", minimum(x, 0.0), {0, -inf, nan});
    check("maximum, nan second", maximum(0.0 * x, vector_of({1, 1, 1, 1}, dtype)), {nan, nan, nan});
    check("clamp", clamp(x, -2, 2), {2, -2, nan});
    check("1 / x", 1.0 / x, {0, 0, nan});
    check("pow(x, 2)", pow(x, 2.0), {inf, inf, nan});
    check("pow(x, 0)", pow(x, 0.0), {1, 1, 1});
    CHECK(doubles(log(vector_of({0, -1}, dtype)))[0] == -inf);
    CHECK(std::isnan(doubles(log(vector_of({0, -1}, dtype)))[1]));
    // A nan is neither greater, less nor equal.
    const Tensor y = vector_of({nan, 1}, dtype);
    for (const Tensor& mask : {y > y, y < y, y >= y, y <= y, y == y}) CHECK_FALSE(mask.data<bool>()[0]);
    CHECK((y != y).data<bool>()[0]);
  }
}

TEST_CASE("numerics: reductions meet nan and infinity", "[numerics]") {
  for (DType dtype : {float32, float64}) {
    const Tensor with_nan = vector_of({1, nan, 3}, dtype), with_inf = vector_of({1, inf, 3}, dtype),
                 all_low = vector_of({-inf, -inf}, dtype);
    CHECK(std::isnan(sum(with_nan).item()));
    CHECK(std::isnan(max(with_nan).item()));
    CHECK(std::isnan(min(with_nan).item()));
    CHECK(argmax(with_nan).item() == 1);
    CHECK(sum(with_inf).item() == inf);
    CHECK(max(with_inf).item() == inf);
    CHECK(min(with_inf).item() == 1);
    CHECK(max(all_low).item() == -inf);
    CHECK(logsumexp(with_inf).item() == inf);
    CHECK(logsumexp(all_low).item() == -inf);
    CHECK(std::isnan(logsumexp(with_nan).item()));
    CHECK(logsumexp(zeros({0}, dtype)).item() == -inf);
    CHECK(sum(zeros({0}, dtype)).item() == 0);
    CHECK(std::isnan(mean(zeros({0}, dtype)).item()));
    // A class that is ruled out has probability 0 and takes no gradient.
    const Tensor x = variable(vector_of({0, -inf, 1}, dtype));
    Tape tape;
    const Tensor p = softmax(x);
    CHECK(doubles(p)[1] == 0);
    for (double g : doubles(tape.gradient(p, x, {.seed = ones({3}, dtype)}))) CHECK(std::abs(g) < 1e-6);
    CHECK(doubles(log_softmax(x))[1] == -inf);
  }
}

TEST_CASE("numerics: derivatives at the edges", "[numerics]") {
  const auto derivative = [](auto f, double at) {
    const Tensor x = variable(tensor({at, at}, float64));
    Tape tape;
    const Tensor y = f(x);
    return tape.gradient(y, x, {.seed = ones(y.shape(), float64)}).to_vector<double>()[0];
  };
  CHECK(derivative([](const Tensor& x) { return relu(x); }, 0) == 0);
  CHECK(derivative([](const Tensor& x) { return abs(x); }, 0) == 0);
  CHECK(derivative([](const Tensor& x) { return sqrt(x); }, 0) == inf);
  CHECK(derivative([](const Tensor& x) { return log(x); }, 0) == inf);
  CHECK(derivative([](const Tensor& x) { return square(x); }, 0) == 0);
  CHECK(derivative([](const Tensor& x) { return step(x); }, 0) == 0);
  CHECK(derivative([](const Tensor& x) { return leaky_relu(x, 0.25); }, 0) == 0.25);
  CHECK(derivative([](const Tensor& x) { return clamp(x, 0, 1); }, 0) == 1);
  CHECK(derivative([](const Tensor& x) { return clamp(x, 0, 1); }, -0.5) == 0);
  CHECK(derivative([](const Tensor& x) { return maximum(x, 0.0); }, 0) == 0.5);
  CHECK(derivative([](const Tensor& x) { return maximum(x, x); }, 3) == 1);
  CHECK(derivative([](const Tensor& x) { return pow(x, 2.0); }, 0) == 0);
  CHECK(derivative([](const Tensor& x) { return pow(x, 1.0); }, 0) == 1);
  CHECK(derivative([](const Tensor& x) { return pow(x, 0.0); }, 0) == 0);
  CHECK(derivative([](const Tensor& x) { return pow(x, 3.0); }, -2) == 12);
  CHECK(derivative([](const Tensor& x) { return pow(0.0, x); }, 2) == 0);
  CHECK(derivative([](const Tensor& x) { return max(x, 0, true); }, 3) == 0.5);  // shared by the two that are largest
  CHECK(derivative([](const Tensor& x) { return exp(x); }, 1000) == inf);
  CHECK(derivative([](const Tensor& x) { return sigmoid(x); }, 1000) == 0);
  CHECK(derivative([](const Tensor& x) { return softplus(x); }, -1000) == 0);
  for (double far : {1e3, 1e150, 1e300}) {
    CHECK(derivative([](const Tensor& x) { return gelu_tanh(x); }, far) == 1);
    CHECK(derivative([](const Tensor& x) { return gelu_tanh(x); }, -far) == 0);
  }
}

TEST_CASE("numerics: subnormal numbers are numbers", "[numerics]") {
  const Tensor x = tensor({5e-324, 1e-310, 2e-308}, float64);
  CHECK((x * 1.0).to_vector<double>() == x.to_vector<double>());
  CHECK((x + x).to_vector<double>() == std::vector<double>{5e-324 + 5e-324, 1e-310 + 1e-310, 2e-308 + 2e-308});
  CHECK((x > 0.0).to_vector<bool>() == std::vector<bool>{true, true, true});
  const std::vector<double> logs = log(x).to_vector<double>();
  for (std::size_t i = 0; i < 3; ++i) CHECK(logs[i] == Approx(std::log(x.to_vector<double>()[i])).epsilon(1e-14));
}

}  // namespace xgrad::tests
