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

/// Both nan, or equal to rounding.
bool alike(double a, double b) { return std::isnan(b) ? std::isnan(a) : a == b || ulps(a, b, float64) <= 4; }

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
  CHECK(derivative([](const Tensor& x) { return cbrt(x); }, 0) == inf);
  CHECK(derivative([](const Tensor& x) { return asin(x); }, 1) == inf);
  CHECK(derivative([](const Tensor& x) { return acos(x); }, -1) == -inf);
  CHECK(derivative([](const Tensor& x) { return acosh(x); }, 1) == inf);
  CHECK(derivative([](const Tensor& x) { return atanh(x); }, -1) == inf);
  CHECK(derivative([](const Tensor& x) { return sign(x); }, 0) == 0);
  CHECK(derivative([](const Tensor& x) { return floor(x); }, 2) == 0);
  CHECK(derivative([](const Tensor& x) { return relu6(x); }, 0) == 0);
  CHECK(derivative([](const Tensor& x) { return relu6(x); }, 6) == 0);
  CHECK(derivative([](const Tensor& x) { return elu(x, 0.25); }, 0) == 0.25);
  CHECK(derivative([](const Tensor& x) { return selu(x); }, 0) == 1.0507009873554804934 * 1.6732632423543772848);
  CHECK(derivative([](const Tensor& x) { return celu(x, 0.25); }, 0) == 1);
  CHECK(derivative([](const Tensor& x) { return hardtanh(x); }, 1) == 0);
  CHECK(derivative([](const Tensor& x) { return hardtanh(x, -2, 2); }, -2) == 0);
  CHECK(derivative([](const Tensor& x) { return hardsigmoid(x); }, -3) == 0);
  CHECK(derivative([](const Tensor& x) { return hardsigmoid(x); }, 3) == 0);
  CHECK(derivative([](const Tensor& x) { return hardswish(x); }, -3) == 0);
  CHECK(derivative([](const Tensor& x) { return hardswish(x); }, 3) == 1);
  CHECK(derivative([](const Tensor& x) { return softshrink(x); }, 0.5) == 0);
  CHECK(derivative([](const Tensor& x) { return hardshrink(x); }, -0.5) == 0);
  CHECK(derivative([](const Tensor& x) { return threshold(x, 0.5, 2); }, 0.5) == 0);
  CHECK(derivative([](const Tensor& x) { return hypot(x, 3.0); }, 0) == 0);
  CHECK(derivative([](const Tensor& x) { return atan2(x, 0.0); }, 0) == 0);
  CHECK(derivative([](const Tensor& x) { return rsqrt(x); }, 0) == -inf);
  for (double far : {1e3, 1e150, 1e300}) {
    CHECK(derivative([](const Tensor& x) { return gelu_tanh(x); }, far) == 1);
    CHECK(derivative([](const Tensor& x) { return gelu_tanh(x); }, -far) == 0);
  }
}

TEST_CASE("numerics: functions and their derivatives far out, as PyTorch has them", "[numerics]") {
  // At inf, -inf, nan, 0, 1000 and -1000: what PyTorch 2.13 gives, but for a few that docs/ops.md names.
  struct Function {
    const char* name;
    Tensor (*f)(const Operand&);
    std::vector<double> values, derivatives;
  };
  const Function functions[] = {
      {"exp2",
       exp2,
       {inf, 0, nan, 1, 1.0715086071862673e+301, 9.332636185032189e-302},
       {inf, 0, nan, 0.6931471805599453, 7.427131700168751e+300, 6.468890458846786e-302}},
      {"log2",
       log2,
       {inf, nan, nan, -inf, 9.965784284662087, nan},
       {0, 0, nan, inf, 0.0014426950408889636, -0.0014426950408889636}},
      {"log10",
       log10,
       {inf, nan, nan, -inf, 3, nan},
       {0, 0, nan, inf, 0.00043429448190325184, -0.00043429448190325184}},
      {"sin",
       sin,
       {nan, nan, nan, 0, 0.8268795405320025, -0.8268795405320025},
       {nan, nan, nan, 1, 0.5623790762907029, 0.5623790762907029}},
      {"cos",
       cos,
       {nan, nan, nan, 1, 0.5623790762907029, 0.5623790762907029},
       {nan, nan, nan, 0, -0.8268795405320025, 0.8268795405320025}},
      {"tan",
       tan,
       {nan, nan, nan, 0, 1.4703241557027185, -1.4703241557027185},
       {nan, nan, nan, 1, 3.161853122842912, 3.161853122842912}},
      {"asin", asin, {nan, nan, nan, 0, nan, nan}, {nan, nan, nan, 1, nan, nan}},
      {"acos", acos, {nan, nan, nan, 1.5707963267948966, nan, nan}, {nan, nan, nan, -1, nan, nan}},
      {"atan",
       atan,
       {1.5707963267948966, -1.5707963267948966, nan, 0, 1.5697963271282298, -1.5697963271282298},
       {0, 0, nan, 1, 9.99999000001e-07, 9.99999000001e-07}},
      {"sinh", sinh, {inf, -inf, nan, 0, inf, -inf}, {inf, inf, nan, 1, inf, inf}},
      {"cosh", cosh, {inf, inf, nan, 1, inf, inf}, {inf, -inf, nan, 0, inf, -inf}},
      {"asinh",
       asinh,
       {inf, -inf, nan, 0, 7.600902709541988, -7.600902709541988},
       {0, 0, nan, 1, 0.000999999500000375, 0.000999999500000375}},
      {"acosh", acosh, {inf, nan, nan, nan, 7.600902209541989, nan}, {0, nan, nan, nan, 0.0010000005000003751, nan}},
      {"atanh", atanh, {nan, nan, nan, 0, nan, nan}, {0, 0, nan, 1, -1.000001000001e-06, -1.000001000001e-06}},
      {"erfc", erfc, {0, 2, nan, 1, 0, 2}, {0, 0, nan, -1.1283791670955126, 0, 0}},
      {"floor", floor, {inf, -inf, nan, 0, 1000, -1000}, {0, 0, 0, 0, 0, 0}},
      {"ceil", ceil, {inf, -inf, nan, 0, 1000, -1000}, {0, 0, 0, 0, 0, 0}},
      {"round", round, {inf, -inf, nan, 0, 1000, -1000}, {0, 0, 0, 0, 0, 0}},
      {"trunc", trunc, {inf, -inf, nan, 0, 1000, -1000}, {0, 0, 0, 0, 0, 0}},
      {"rsqrt", rsqrt, {0, nan, nan, inf, 0.03162277660168379, nan}, {0, nan, nan, -inf, -1.5811388300841894e-05, nan}},
      {"reciprocal", reciprocal, {0, 0, nan, inf, 0.001, -0.001}, {0, 0, nan, -inf, -1e-06, -1e-06}},
      {"sign", sign, {1, -1, nan, 0, 1, -1}, {0, 0, 0, 0, 0, 0}},
      {"frac", frac, {nan, nan, nan, 0, 0, 0}, {1, 1, 1, 1, 1, 1}},
      {"relu6", relu6, {6, 0, nan, 0, 6, 0}, {0, 0, 1, 0, 0, 0}},
      {"selu",
       selu,
       {inf, -1.7580993408473766, nan, 0, 1050.7009873554805, -1.7580993408473766},
       {1.0507009873554805, 0, 1.0507009873554805, 1.7580993408473766, 1.0507009873554805, 0}},
      {"mish", mish, {inf, nan, nan, 0, 1000, 0}, {nan, nan, nan, 0.6, 1, 0}},
      {"softsign",
       softsign,
       {nan, nan, nan, 0, 0.999000999000999, -0.999000999000999},
       {0, 0, nan, 1, 1 / 1002001.0, 1 / 1002001.0}},
      {"hardsigmoid", hardsigmoid, {1, 0, nan, 0.5, 1, 0}, {0, 0, 0, 0.16666666666666666, 0, 0}},
      {"hardswish", hardswish, {inf, nan, nan, 0, 1000, 0}, {1, 0, 1, 0.5, 1, 0}},
      {"log_sigmoid", log_sigmoid, {0, -inf, nan, -0.6931471805599453, 0, -1000}, {0, 1, nan, 0.5, 0, 1}},
      {"tanhshrink", tanhshrink, {inf, -inf, nan, 0, 999, -999}, {1, 1, nan, 0, 1, 1}},
      {"elu", [](const Operand& x) { return elu(x); }, {inf, -1, nan, 0, 1000, -1}, {1, 0, 1, 1, 1, 0}},
      {"celu", [](const Operand& x) { return celu(x); }, {inf, -1, nan, 0, 1000, -1}, {1, 0, 1, 1, 1, 0}},
      {"hardtanh", [](const Operand& x) { return hardtanh(x); }, {1, -1, nan, 0, 1, -1}, {0, 0, 1, 1, 0, 0}},
      {"softshrink",
       [](const Operand& x) { return softshrink(x); },
       {inf, -inf, nan, 0, 999.5, -999.5},
       {1, 1, 1, 0, 1, 1}},
      {"hardshrink",
       [](const Operand& x) { return hardshrink(x); },
       {inf, -inf, nan, 0, 1000, -1000},
       {1, 1, 1, 0, 1, 1}},
  };
  const Tensor x = variable(vector_of({inf, -inf, nan, 0, 1e3, -1e3}, float64));
  for (const Function& function : functions) {
    Tape tape;
    const Tensor y = function.f(x);
    const std::vector<double> values = doubles(y),
                              derivatives = doubles(tape.gradient(y, x, {.seed = ones({6}, float64)}));
    for (std::size_t i = 0; i < 6; ++i) {
      INFO(function.name << " at " << doubles(x)[i] << ": " << values[i] << ", " << derivatives[i]);
      CHECK(alike(values[i], function.values[i]));
      CHECK(alike(derivatives[i], function.derivatives[i]));
    }
  }
}

TEST_CASE("numerics: functions of two numbers and their derivatives at the edges, as PyTorch has them", "[numerics]") {
  struct Function {
    const char* name;
    Tensor (*f)(const Operand&, const Operand&);
    std::vector<std::vector<double>> rows;  // a, b, value, derivatives
  };
  const Function functions[] = {
      {"atan2",
       atan2,
       {{0, 0, 0, 0, 0},
        {0, -2, 3.141592653589793, -0.5, 0},
        {5, 0, 1.5707963267948966, 0, -0.2},
        {inf, inf, 0.7853981633974483, nan, nan},
        {inf, -inf, 2.356194490192345, nan, nan},
        {-inf, -inf, -2.356194490192345, nan, nan},
        {inf, 1, 1.5707963267948966, 0, nan},
        {1, inf, 0, nan, 0},
        {1, -inf, 3.141592653589793, nan, 0},
        {nan, 1, nan, nan, nan},
        {1, nan, nan, nan, nan},
        {0, nan, nan, nan, nan},
        {1000, -1000, 2.356194490192345, -0.0005, -0.0005},
        {-1000, 1000, -0.7853981633974483, 0.0005, 0.0005},
        {-1000, 7, -1.5637964411248686, 6.999657016806176e-06, 0.0009999510024008825},
        {3, 3, 0.7853981633974483, 0.16666666666666666, -0.16666666666666666}}},
      {"hypot",
       hypot,
       {{0, 0, 0, nan, nan},
        {0, -2, 2, 0, -1},
        {5, 0, 5, 1, 0},
        {inf, inf, inf, nan, nan},
        {inf, -inf, inf, nan, nan},
        {-inf, -inf, inf, nan, nan},
        {inf, 1, inf, nan, 0},
        {1, inf, inf, 0, nan},
        {1, -inf, inf, 0, nan},
        {nan, 1, nan, nan, nan},
        {1, nan, nan, nan, nan},
        {0, nan, nan, nan, nan},
        {1000, -1000, 1414.213562373095, 0.7071067811865475, -0.7071067811865475},
        {-1000, 1000, 1414.213562373095, -0.7071067811865475, 0.7071067811865475},
        {-1000, 7, 1000.0244996998823, -0.9999755009003383, 0.006999828506302368},
        {3, 3, 4.242640687119285, 0.7071067811865476, 0.7071067811865476}}},
      {"fmod",
       fmod,
       {{0, 0, nan, 1, nan},
        {0, -2, 0, 1, 0},
        {5, 0, nan, 1, -inf},
        {inf, inf, nan, 1, nan},
        {inf, -inf, nan, 1, nan},
        {-inf, -inf, nan, 1, nan},
        {inf, 1, nan, 1, -inf},
        {1, inf, 1, 1, 0},
        {1, -inf, 1, 1, 0},
        {nan, 1, nan, 1, nan},
        {1, nan, nan, 1, nan},
        {0, nan, nan, 1, nan},
        {1000, -1000, 0, 1, 1},
        {-1000, 1000, 0, 1, 1},
        {-1000, 7, -6, 1, 142},
        {3, 3, 0, 1, -1}}},
      {"remainder",
       remainder,
       {{0, 0, nan, 1, nan},
        {0, -2, 0, 1, 0},
        {5, 0, nan, 1, -inf},
        {nan, 1, nan, 1, nan},
        {1, nan, nan, 1, nan},
        {0, nan, nan, 1, nan},
        {1000, -1000, 0, 1, 1},
        {-1000, 1000, 0, 1, 1},
        {-1000, 7, 1, 1, 143},
        {3, 3, 0, 1, -1}}},
      {"logaddexp",
       logaddexp,
       {{0, 0, 0.6931471805599453, 0.5, 0.5},
        {0, -2, 0.1269280110429725, 0.8807970779778823, 0.11920292202211755},
        {5, 0, 5.006715348489118, 0.9933071490757153, 0.0066928509242848554},
        {inf, inf, inf, 0.5, 0.5},
        {inf, -inf, inf, 1, 0},
        {-inf, -inf, -inf, 0.5, 0.5},
        {inf, 1, inf, 1, 0},
        {1, inf, inf, 0, 1},
        {1, -inf, 1, 1, 0},
        {nan, 1, nan, nan, nan},
        {1, nan, nan, nan, nan},
        {0, nan, nan, nan, nan},
        {1000, -1000, 1000, 1, 0},
        {-1000, 1000, 1000, 0, 1},
        {-1000, 7, 7, 0, 1},
        {3, 3, 3.6931471805599454, 0.5, 0.5}}},
      {"xlogy",
       xlogy,
       {{0, 0, 0, 0, nan},
        {0, -2, 0, 0, 0},
        {5, 0, -inf, -inf, inf},
        {inf, inf, inf, inf, nan},
        {inf, -inf, nan, nan, nan},
        {-inf, -inf, nan, nan, nan},
        {inf, 1, nan, 0, inf},
        {1, inf, inf, inf, 0},
        {1, -inf, nan, nan, 0},
        {nan, 1, nan, 0, nan},
        {1, nan, nan, nan, nan},
        {0, nan, nan, nan, nan},
        {1000, -1000, nan, nan, -1},
        {-1000, 1000, -6907.755278982137, 6.907755278982137, -1},
        {-1000, 7, -1945.9101490553132, 1.9459101490553132, -142.85714285714286},
        {3, 3, 3.295836866004329, 1.0986122886681098, 1}}},
  };
  for (const Function& function : functions)
    for (const std::vector<double>& row : function.rows) {
      const Tensor a = variable(row[0], float64), b = variable(row[1], float64);
      Tape tape;
      const Tensor y = function.f(a, b);
      const auto g = tape.gradient(y, {a, b});
      INFO(function.name << "(" << row[0] << ", " << row[1] << "): " << y.item() << ", " << g[0].item() << ", "
                         << g[1].item());
      CHECK(alike(y.item(), row[2]));
      CHECK(alike(g[0].item(), row[3]));
      CHECK(alike(g[1].item(), row[4]));
    }
}

TEST_CASE("numerics: masks of what is not a number", "[numerics]") {
  for (DType dtype : {float32, float64}) {
    const Tensor x = variable(vector_of({inf, -inf, nan, 0, -1e3, 3}, dtype));
    const auto mask = [](const Tensor& m) { return doubles(m); };
    CHECK(mask(isnan(x)) == std::vector<double>{0, 0, 1, 0, 0, 0});
    CHECK(mask(isinf(x)) == std::vector<double>{1, 1, 0, 0, 0, 0});
    CHECK(mask(isfinite(x)) == std::vector<double>{0, 0, 0, 1, 1, 1});
    CHECK(mask(!isfinite(x)) == std::vector<double>{1, 1, 1, 0, 0, 0});
    CHECK(mask(logical_and(isinf(x), x > 0.0)) == std::vector<double>{1, 0, 0, 0, 0, 0});
    CHECK(mask(logical_or(isnan(x), x > 0.0)) == std::vector<double>{1, 0, 1, 0, 0, 1});
    CHECK(mask(logical_xor(isinf(x), x > 0.0)) == std::vector<double>{0, 1, 0, 0, 0, 1});
    const double most =
        dtype == float32 ? static_cast<double>(std::numeric_limits<float>::max()) : std::numeric_limits<double>::max();
    Tape tape;
    const Tensor y = nan_to_num(x), z = nan_to_num(x, 5, 6, 7), filled = masked_fill(x, isnan(x) == (x < 2.0), 9);
    CHECK(doubles(y) == std::vector<double>{most, -most, 0, 0, -1e3, 3});
    CHECK(doubles(z) == std::vector<double>{6, 7, 5, 0, -1e3, 3});
    CHECK(doubles(nan_to_num(x, 0, inf))[0] == inf);
    CHECK(doubles(filled)[0] == 9);
    CHECK(doubles(filled)[5] == 9);
    for (const Tensor& t : {y, z})
      CHECK(doubles(tape.gradient(t, x, {.seed = ones({6}, dtype)})) == std::vector<double>{0, 0, 0, 1, 1, 1});
  }
  CHECK(masked_fill(from_vector(std::vector<std::int64_t>{1, 2}, {2}),
                    from_vector(std::vector<double>{0, 1}, {2}) > 0.0, -1)
            .to_vector<std::int64_t>() == std::vector<std::int64_t>{1, -1});
}

TEST_CASE("numerics: whole numbers of any size", "[numerics]") {
  for (DType dtype : {float32, float64}) {
    const double bits = dtype == float32 ? 24 : 53, large = std::exp2(bits - 1);
    std::vector<double> points = {0.5, 1.5, 2.5, 0.49999997, 1 - std::exp2(-bits), 1e-30, 1e30, 7, 0.75};
    for (double d : {-1.5, -1.0, -0.5, 0.0, 1.0, 3.0}) points.push_back(large + d);
    for (std::size_t i = points.size(); i-- > 0;) points.push_back(-points[i]);
    const Tensor x = vector_of(points, dtype);
    points = doubles(x);
    const std::vector<double> nearest = doubles(round(x)), down = doubles(floor(x)), up = doubles(ceil(x)),
                              in = doubles(trunc(x));
    for (std::size_t i = 0; i < points.size(); ++i) {
      INFO(name_of(dtype) << " " << points[i]);
      CHECK(nearest[i] == std::rint(points[i]));
      CHECK(down[i] == std::floor(points[i]));
      CHECK(up[i] == std::ceil(points[i]));
      CHECK(in[i] == std::trunc(points[i]));
      CHECK(std::signbit(nearest[i]) == std::signbit(points[i]));
      CHECK(std::signbit(up[i]) == std::signbit(points[i]));
    }
  }
}

TEST_CASE("numerics: powers and logarithms that are whole", "[numerics]") {
  for (DType dtype : {float32, float64}) {
    const double top = dtype == float32 ? 127 : 1023;
    std::vector<double> exponents, powers;
    for (double k = 0; k <= top; ++k)
      for (double e : {k, -k}) exponents.push_back(e), powers.push_back(std::exp2(e));
    CHECK(doubles(exp2(vector_of(exponents, dtype))) == powers);
    CHECK(doubles(log2(vector_of(powers, dtype))) == exponents);
    const std::vector<double> tens = {1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10};
    CHECK(doubles(log10(vector_of(tens, dtype))) == std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  }
}

TEST_CASE("numerics: second derivatives far out and at kinks are numbers", "[numerics]") {
  using Function = Tensor (*)(const Operand&);
  const Function functions[] = {relu6,
                                selu,
                                mish,
                                softsign,
                                hardsigmoid,
                                hardswish,
                                log_sigmoid,
                                tanhshrink,
                                atan,
                                asinh,
                                erfc,
                                sign,
                                frac,
                                [](const Operand& x) { return elu(x, 0.25); },
                                [](const Operand& x) { return celu(x, 0.25); },
                                [](const Operand& x) { return hardtanh(x); },
                                [](const Operand& x) { return softshrink(x); },
                                [](const Operand& x) { return hardshrink(x); },
                                [](const Operand& x) { return threshold(x, 0, 1); },
                                [](const Operand& x) { return logaddexp(x, 0.0); },
                                [](const Operand& x) { return hypot(x, 1.0); },
                                [](const Operand& x) { return atan2(x, 1.0); },
                                [](const Operand& x) { return remainder(x, 7.0); }};
  for (const Function f : functions)
    for (DType dtype : {float32, float64}) {
      const Tensor x = variable(vector_of({1e3, -1e3, 1e15, -1e15, 0, 3, -3, 0.5, 6}, dtype)), one = ones({9}, dtype);
      Tape tape;
      const Tensor first = tape.gradient(f(x), x, {.create_graph = true, .seed = one});
      const std::vector<double> second =
          first.requires_grad() ? doubles(tape.gradient(first, x, {.seed = one})) : std::vector<double>(9);
      INFO("function " << &f - functions << ": " << to_string(x));
      for (std::size_t i = 0; i < 9; ++i) {
        INFO("at element " << i << ": " << second[i]);
        CHECK(std::isfinite(second[i]));
        if (i < 4) CHECK(std::abs(second[i]) < 1e-5);
      }
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
