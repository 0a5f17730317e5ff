#include "op_table.hpp"

#include <algorithm>
#include <cmath>

#include "op_table_rows.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

struct Domain {
  double low, high;
};
constexpr Domain any{-2, 2}, positive{0.3, 2};

OpRow elementwise(std::string name, std::string text, std::vector<Domain> domains,
                  std::function<Tensor(const Tensors&)> call, std::function<Real(const Real*)> reference) {
  std::vector<Argument> arguments;
  for (const Domain& d : domains) arguments.push_back({{3, 4}, d.low, d.high});
  return {std::move(name), std::move(text), std::move(call), std::move(arguments), true, true, std::move(reference)};
}

OpRow unary(const char* name, Tensor (*f)(const Operand&), Domain domain, Real (*reference)(Real)) {
  return elementwise(
      name, std::string(name) + "(x)", {domain}, [f](const Tensors& in) { return f(in[0]); },
      [reference](const Real* in) { return reference(in[0]); });
}

OpRow binary(const char* name, Tensor (*f)(const Operand&, const Operand&), Domain a, Domain b,
             Real (*reference)(Real, Real)) {
  return elementwise(
      name, std::string(name) + "(a, b)", {a, b}, [f](const Tensors& in) { return f(in[0], in[1]); },
      [reference](const Real* in) { return reference(in[0], in[1]); });
}

OpRow comparison(const char* name, Tensor (*f)(const Operand&, const Operand&), Real (*reference)(Real, Real)) {
  OpRow row = binary(name, f, any, any, reference);
  row.differentiable = false;
  return row;
}

/// With numbers for the arguments after the first.
OpRow with_numbers(const char* name, std::string text, Domain domain, std::function<Tensor(const Operand&)> f,
                   std::function<Real(Real)> reference) {
  return elementwise(
      name, std::move(text), {domain}, [f = std::move(f)](const Tensors& in) { return f(in[0]); },
      [reference = std::move(reference)](const Real* in) { return reference(in[0]); });
}

/// With a number for the second or first argument.
OpRow with_number(OpRow row, std::string text, double number, bool first, Tensor (*f)(const Operand&, const Operand&)) {
  row.text = std::move(text);
  row.arguments.erase(row.arguments.begin() + !first);
  const double rounded = static_cast<float>(number);
  row.call = [=](const Tensors& in) { return first ? f(rounded, in[0]) : f(in[0], rounded); };
  row.reference = [=, two = row.reference](const Real* in) {
    const Real both[] = {first ? Real{rounded} : in[0], first ? in[0] : Real{rounded}};
    return two(both);
  };
  return row;
}

Real sigmoid_of(Real x) { return 1 / (1 + std::exp(-x)); }
Real normal_cdf_of(Real x) { return std::erfc(-x / std::sqrt(Real{2})) / 2; }

void add_elementwise(std::vector<OpRow>& rows) {
  const auto row = [&](OpRow r) { rows.push_back(std::move(r)); };
  const OpRow sums = binary("add", add, any, any, [](Real a, Real b) { return a + b; });
  const OpRow differences = binary("sub", sub, any, any, [](Real a, Real b) { return a - b; });
  const OpRow products = binary("mul", mul, any, any, [](Real a, Real b) { return a * b; });
  const OpRow quotients = binary("div", div, any, positive, [](Real a, Real b) { return a / b; });
  const OpRow powers = binary("pow", pow, positive, any, [](Real a, Real b) { return std::pow(a, b); });
  row(sums), row(differences), row(products), row(quotients), row(powers);
  row(with_number(sums, "x + 1.5", 1.5, false, operator+)), row(with_number(sums, "1.5 + x", 1.5, true, operator+));
  row(with_number(differences, "x - 0.3", 0.3, false, operator-)),
      row(with_number(differences, "0.3 - x", 0.3, true, operator-));
  row(with_number(products, "x * 0.1", 0.1, false, operator*)),
      row(with_number(products, "0.1 * x", 0.1, true, operator*));
  row(with_number(quotients, "x / 3.0", 3, false, operator/)),
      row(with_number(quotients, "3.0 / x", 3, true, operator/));
  OpRow cubes = with_number(powers, "pow(x, 3.0)", 3, false, pow);
  cubes.arguments[0] = {{3, 4}, -2, 2};
  row(cubes), row(with_number(powers, "pow(2.0, x)", 2, true, pow));

  row(unary("neg", neg, any, [](Real x) { return -x; }));
  row(unary("exp", exp, any, [](Real x) { return std::exp(x); }));
  row(unary("expm1", expm1, any, [](Real x) { return std::expm1(x); }));
  row(unary("log", log, positive, [](Real x) { return std::log(x); }));
  row(unary("log1p", log1p, {-0.7, 2}, [](Real x) { return std::log1p(x); }));
  row(unary("sqrt", sqrt, positive, [](Real x) { return std::sqrt(x); }));
  row(unary("square", square, any, [](Real x) { return x * x; }));
  row(unary("abs", abs, any, [](Real x) { return std::abs(x); }));
  row(unary("sigmoid", sigmoid, {-6, 6}, sigmoid_of));
  row(unary("tanh", tanh, {-3, 3}, [](Real x) { return std::tanh(x); }));
  row(unary("relu", relu, any, [](Real x) { return x > 0 ? x : 0; }));
  row(elementwise(
      "leaky_relu", "leaky_relu(x)", {any}, [](const Tensors& in) { return leaky_relu(in[0]); },
      [](const Real* x) { return *x > 0 ? *x : static_cast<Real>(0.01) * *x; }));
  row(elementwise(
      "leaky_relu", "leaky_relu(x, 0.25)", {any}, [](const Tensors& in) { return leaky_relu(in[0], 0.25); },
      [](const Real* x) { return *x > 0 ? *x : *x / 4; }));
  row(elementwise(
      "softplus", "softplus(x)", {{-6, 6}}, [](const Tensors& in) { return softplus(in[0]); },
      [](const Real* x) { return std::log1p(std::exp(*x)); }));
  row(elementwise(
      "softplus", "softplus(x, 4.0)", {any}, [](const Tensors& in) { return softplus(in[0], 4); },
      [](const Real* x) { return std::log1p(std::exp(4 * *x)) / 4; }));
  row(unary("gelu", gelu, {-3, 3}, [](Real x) { return x * normal_cdf_of(x); }));
  row(unary("gelu_tanh", gelu_tanh, {-3, 3}, [](Real x) {
    return x * (1 + std::tanh(std::sqrt(2 / std::acos(Real{-1})) * (x + static_cast<Real>(0.044715) * x * x * x))) / 2;
  }));
  row(unary("silu", silu, {-6, 6}, [](Real x) { return x * sigmoid_of(x); }));
  row(unary("step", step, any, [](Real x) { return x > 0 ? Real{1} : Real{0}; }));
  row(unary("identity", identity, any, [](Real x) { return x; }));
  row(unary("erf", erf, any, [](Real x) { return std::erf(x); }));
  row(unary("normal_cdf", normal_cdf, {-3, 3}, normal_cdf_of));

  row(binary("maximum", maximum, any, any, [](Real a, Real b) { return a > b ? a : b; }));
  row(binary("minimum", minimum, any, any, [](Real a, Real b) { return a < b ? a : b; }));
  row(elementwise(
      "clamp", "clamp(x, -0.5, 1.0)", {any}, [](const Tensors& in) { return clamp(in[0], -0.5, 1); },
      [](const Real* x) { return *x < -0.5L ? -0.5L
                                 : *x > 1   ? 1
                                            : *x; }));
  OpRow choice = elementwise(
      "where", "where(mask, a, b)", {any, any, any}, [](const Tensors& in) { return where(in[0], in[1], in[2]); },
      [](const Real* in) { return in[0] != 0 ? in[1] : in[2]; });
  choice.arguments[0].dtype = boolean;
  row(choice);
  OpRow half = elementwise(
      "where", "where(mask, x, 0.0)", {any, any}, [](const Tensors& in) { return where(in[0], in[1], 0.0); },
      [](const Real* in) { return in[0] != 0 ? in[1] : 0; });
  half.arguments[0].dtype = boolean;
  row(half);
  row(comparison("greater", greater, [](Real a, Real b) { return static_cast<Real>(a > b); }));
  row(comparison("greater_equal", greater_equal, [](Real a, Real b) { return static_cast<Real>(a >= b); }));
  row(comparison("less", less, [](Real a, Real b) { return static_cast<Real>(a < b); }));
  row(comparison("less_equal", less_equal, [](Real a, Real b) { return static_cast<Real>(a <= b); }));
  row(comparison("equal", equal, [](Real a, Real b) { return static_cast<Real>(a == b); }));
  row(comparison("not_equal", not_equal, [](Real a, Real b) { return static_cast<Real>(a != b); }));
}

Real mish_of(Real x) { return x * std::tanh(std::log1p(std::exp(x))); }
Real clamped(Real x, Real low, Real high) { return std::min(std::max(x, low), high); }
Real remainder_of(Real a, Real b) { return a - b * std::floor(a / b); }
Real elu_of(Real x, Real alpha) { return x > 0 ? x : alpha * std::expm1(x); }

void add_more_elementwise(std::vector<OpRow>& rows) {
  const auto row = [&](OpRow r) { rows.push_back(std::move(r)); };
  const auto mask = [&](OpRow r, DType dtype = float64) {
    r.differentiable = false;
    for (Argument& argument : r.arguments) argument.dtype = dtype;
    row(std::move(r));
  };
  constexpr Domain inside{-0.9, 0.9}, above_1{1.1, 3}, unit{0, 1};

  row(unary("exp2", exp2, any, [](Real x) { return std::exp2(x); }));
  row(unary("log2", log2, positive, [](Real x) { return std::log2(x); }));
  row(unary("log10", log10, positive, [](Real x) { return std::log10(x); }));
  row(unary("cbrt", cbrt, positive, [](Real x) { return std::cbrt(x); }));
  row(unary("sin", sin, {-6, 6}, [](Real x) { return std::sin(x); }));
  row(unary("cos", cos, {-6, 6}, [](Real x) { return std::cos(x); }));
  row(unary("tan", tan, {-1.2, 1.2}, [](Real x) { return std::tan(x); }));
  row(unary("asin", asin, inside, [](Real x) { return std::asin(x); }));
  row(unary("acos", acos, inside, [](Real x) { return std::acos(x); }));
  row(unary("atan", atan, any, [](Real x) { return std::atan(x); }));
  row(unary("sinh", sinh, any, [](Real x) { return std::sinh(x); }));
  row(unary("cosh", cosh, any, [](Real x) { return std::cosh(x); }));
  row(unary("asinh", asinh, any, [](Real x) { return std::asinh(x); }));
  row(unary("acosh", acosh, above_1, [](Real x) { return std::acosh(x); }));
  row(unary("atanh", atanh, inside, [](Real x) { return std::atanh(x); }));
  row(unary("erfc", erfc, any, [](Real x) { return std::erfc(x); }));

  row(binary("atan2", atan2, any, positive, [](Real a, Real b) { return std::atan2(a, b); }));
  row(binary("atan2", atan2, positive, any, [](Real a, Real b) { return std::atan2(a, b); }));
  row(binary("hypot", hypot, any, positive, [](Real a, Real b) { return std::hypot(a, b); }));
  row(unary("floor", floor, any, [](Real x) { return std::floor(x); }));
  row(unary("ceil", ceil, any, [](Real x) { return std::ceil(x); }));
  row(unary("round", round, any, [](Real x) { return std::rint(x); }));
  row(unary("trunc", trunc, any, [](Real x) { return std::trunc(x); }));
  for (const Domain& a : {Domain{5, 5.4}, Domain{-5.4, -5}}) {
    row(binary("fmod", fmod, a, {2, 2.4}, [](Real x, Real y) { return std::fmod(x, y); }));
    row(binary("remainder", remainder, a, {2, 2.4}, remainder_of));
  }
  row(binary("remainder", remainder, {5, 5.4}, {-2.4, -2}, remainder_of));
  row(unary("rsqrt", rsqrt, positive, [](Real x) { return 1 / std::sqrt(x); }));
  row(unary("reciprocal", reciprocal, positive, [](Real x) { return 1 / x; }));
  row(unary("sign", sign, any, [](Real x) { return x > 0 ? Real{1} : x < 0 ? Real{-1} : Real{0}; }));
  row(unary("frac", frac, any, [](Real x) { return x - std::trunc(x); }));

  row(unary("relu6", relu6, {-3, 9}, [](Real x) { return clamped(x, 0, 6); }));
  row(with_numbers(
      "elu", "elu(x)", any, [](const Operand& x) { return elu(x); }, [](Real x) { return elu_of(x, 1); }));
  row(with_numbers(
      "elu", "elu(x, 0.25)", any, [](const Operand& x) { return elu(x, 0.25); },
      [](Real x) { return elu_of(x, 0.25L); }));
  row(unary("selu", selu, any, [](Real x) { return 1.0507009873554804934L * elu_of(x, 1.6732632423543772848L); }));
  row(with_numbers(
      "celu", "celu(x)", any, [](const Operand& x) { return celu(x); }, [](Real x) { return elu_of(x, 1); }));
  row(with_numbers(
      "celu", "celu(x, 0.5)", any, [](const Operand& x) { return celu(x, 0.5); },
      [](Real x) { return x > 0 ? x : std::expm1(2 * x) / 2; }));
  row(unary("mish", mish, {-6, 6}, mish_of));
  row(unary("softsign", softsign, any, [](Real x) { return x / (1 + std::abs(x)); }));
  row(unary("hardsigmoid", hardsigmoid, {-4, 4}, [](Real x) { return clamped(x + 3, 0, 6) / 6; }));
  row(unary("hardswish", hardswish, {-4, 4}, [](Real x) { return x * clamped(x + 3, 0, 6) / 6; }));
  row(with_numbers(
      "hardtanh", "hardtanh(x)", any, [](const Operand& x) { return hardtanh(x); },
      [](Real x) { return clamped(x, -1, 1); }));
  row(with_numbers(
      "hardtanh", "hardtanh(x, -0.5, 1.5)", any, [](const Operand& x) { return hardtanh(x, -0.5, 1.5); },
      [](Real x) { return clamped(x, -0.5L, 1.5L); }));
  row(unary("log_sigmoid", log_sigmoid, {-6, 6}, [](Real x) { return -std::log1p(std::exp(-x)); }));
  row(unary("tanhshrink", tanhshrink, {1, 3}, [](Real x) { return x - std::tanh(x); }));
  row(with_numbers(
      "softshrink", "softshrink(x)", any, [](const Operand& x) { return softshrink(x); },
      [](Real x) { return x > 0.5L    ? x - 0.5L
                          : x < -0.5L ? x + 0.5L
                                      : 0; }));
  row(with_numbers(
      "softshrink", "softshrink(x, 0.25)", any, [](const Operand& x) { return softshrink(x, 0.25); },
      [](Real x) { return x > 0.25L    ? x - 0.25L
                          : x < -0.25L ? x + 0.25L
                                       : 0; }));
  row(with_numbers(
      "hardshrink", "hardshrink(x)", any, [](const Operand& x) { return hardshrink(x); },
      [](Real x) { return std::abs(x) > 0.5L ? x : 0; }));
  row(with_numbers(
      "hardshrink", "hardshrink(x, 1.0)", any, [](const Operand& x) { return hardshrink(x, 1); },
      [](Real x) { return std::abs(x) > 1 ? x : 0; }));
  row(with_numbers(
      "threshold", "threshold(x, 0.5, -3.0)", any, [](const Operand& x) { return threshold(x, 0.5, -3); },
      [](Real x) { return x > 0.5L ? x : -3; }));

  row(binary("logaddexp", logaddexp, positive, positive,
             [](Real a, Real b) { return std::log(std::exp(a) + std::exp(b)); }));
  const auto between = [](const Real* in) { return in[0] + in[2] * (in[1] - in[0]); };
  row(elementwise(
      "lerp", "lerp(a, b, weight)", {positive, positive, unit},
      [](const Tensors& in) { return lerp(in[0], in[1], in[2]); }, between));
  row(elementwise(
      "lerp", "lerp(a, b, 0.25)", {positive, positive}, [](const Tensors& in) { return lerp(in[0], in[1], 0.25); },
      [](const Real* in) { return in[0] + 0.25L * (in[1] - in[0]); }));
  row(binary("xlogy", xlogy, any, above_1, [](Real a, Real b) { return a * std::log(b); }));
  OpRow filled = elementwise(
      "masked_fill", "masked_fill(x, mask, value)", {any, any, any},
      [](const Tensors& in) { return masked_fill(in[0], in[1], in[2]); },
      [](const Real* in) { return in[1] != 0 ? in[2] : in[0]; });
  filled.arguments[1].dtype = boolean;
  row(filled);
  filled.text = "masked_fill(x, mask, 1.5)";
  filled.arguments.pop_back();
  filled.call = [](const Tensors& in) { return masked_fill(in[0], in[1], 1.5); };
  filled.reference = [](const Real* in) { return in[1] != 0 ? 1.5L : in[0]; };
  row(filled);

  mask(unary("isnan", isnan, any, [](Real) { return Real{0}; }));
  mask(unary("isinf", isinf, any, [](Real) { return Real{0}; }));
  mask(unary("isfinite", isfinite, any, [](Real) { return Real{1}; }));
  mask(binary("logical_and", logical_and, any, any, [](Real a, Real b) { return a * b; }), boolean);
  mask(binary("logical_or", logical_or, any, any, [](Real a, Real b) { return std::max(a, b); }), boolean);
  mask(binary("logical_xor", logical_xor, any, any, [](Real a, Real b) { return std::abs(a - b); }), boolean);
  mask(unary("logical_not", logical_not, any, [](Real x) { return 1 - x; }), boolean);
  mask(unary("logical_not", operator!, any, [](Real x) { return 1 - x; }), boolean);
  row(with_numbers(
      "nan_to_num", "nan_to_num(x)", any, [](const Operand& x) { return nan_to_num(x); }, [](Real x) { return x; }));
  row(with_numbers(
      "nan_to_num", "nan_to_num(x, 1.0, 2.0, 3.0)", any, [](const Operand& x) { return nan_to_num(x, 1, 2, 3); },
      [](Real x) { return x; }));
}

using General = std::function<Tensor(const Tensors&)>;

void add_products(std::vector<OpRow>& rows) {
  const auto row = [&](const char* name, const char* text, General call, std::initializer_list<Shape> shapes) {
    std::vector<Argument> arguments;
    for (const Shape& shape : shapes) arguments.push_back({shape});
    rows.push_back({name, text, std::move(call), std::move(arguments)});
  };
  const General product = [](const Tensors& in) { return matmul(in[0], in[1]); };
  for (const auto& [a, b] : {std::pair<Shape, Shape>{{2, 3}, {3, 4}},
                             {{3}, {3}},
                             {{3}, {3, 4}},
                             {{2, 3}, {3}},
                             {{1, 1}, {1, 1}},
                             {{5, 2, 3}, {5, 3, 4}},
                             {{5, 2, 3}, {3, 4}},
                             {{2, 3}, {5, 3, 4}},
                             {{3}, {2, 3, 4}},
                             {{2, 4, 3}, {3}},
                             {{2, 1, 2, 3}, {4, 3, 2}},
                             {{1, 2, 3}, {4, 3, 2}},
                             {{0, 3}, {3, 2}},
                             {{2, 0}, {0, 3}},
                             {{2, 3}, {3, 0}},
                             {{0, 2, 3}, {3, 2}}})
    row("matmul", "matmul(a, b)", product, {a, b});

  const General with_bias = [](const Tensors& in) { return linear(in[0], in[1], in[2]); };
  row("linear", "linear(x, weight, bias)", with_bias, {{2, 3}, {4, 3}, {4}});
  row("linear", "linear(x, weight, bias)", with_bias, {{3}, {4, 3}, {4}});
  row("linear", "linear(x, weight, bias)", with_bias, {{5, 2, 3}, {4, 3}, {4}});
  row("linear", "linear(x, weight, bias)", with_bias, {{0, 3}, {4, 3}, {4}});
  row("linear", "linear(x, weight)", [](const Tensors& in) { return linear(in[0], in[1]); }, {{2, 3}, {4, 3}});
  const General book = [](const Tensors& in) { return affine(in[0], in[1], in[2]); };
  row("affine", "affine(x, weight, bias)", book, {{2, 3}, {3, 4}, {4}});
  row("affine", "affine(x, weight, bias)", book, {{2, 3, 2}, {6, 4}, {4}});
  row("affine", "affine(x, weight, bias)", book, {{0, 3}, {3, 4}, {4}});
  row("affine", "affine(x, weight)", [](const Tensors& in) { return affine(in[0], in[1]); }, {{2, 3}, {3, 4}});
}

void add_shapes(std::vector<OpRow>& rows) {
  const auto row = [&](const char* name, const char* text, General call, std::initializer_list<Shape> shapes) {
    std::vector<Argument> arguments;
    for (const Shape& shape : shapes) arguments.push_back({shape});
    rows.push_back({name, text, std::move(call), std::move(arguments)});
  };
  const auto one = [&](const char* name, const char* text, Tensor (*f)(const Tensor&),
                       std::initializer_list<Shape> shapes) {
    for (const Shape& shape : shapes) row(name, text, [f](const Tensors& in) { return f(in[0]); }, {shape});
  };
  one("transpose", "transpose(x)", [](const Tensor& x) { return transpose(x); }, {{2, 3}, {3}, {}, {2, 3, 4}, {0, 3}});
  one("transpose", "transpose(x, {0, 2, 1})", [](const Tensor& x) { return transpose(x, {0, 2, 1}); }, {{2, 3, 4}});
  one("transpose", "transpose(x, {-1, 0, 1})", [](const Tensor& x) { return transpose(x, {-1, 0, 1}); }, {{2, 3, 4}});
  one("reshape", "reshape(x, {2, -1})", [](const Tensor& x) { return reshape(x, {2, -1}); }, {{3, 4}, {2, 0, 3}});
  one("reshape", "reshape(x, {1, 1})", [](const Tensor& x) { return reshape(x, {1, 1}); }, {{}, {1}});
  one("reshape", "reshape(x, {})", [](const Tensor& x) { return reshape(x, Shape{}); }, {{1, 1}});
  one("broadcast_to", "broadcast_to(x, {2, 3, 4})",
      [](const Tensor& x) {
        return broadcast_to(x, {2, 3, 4});
      },
      {{3, 1}, {4}, {2, 3, 4}, {}});
  one("broadcast_to", "broadcast_to(x, {0, 3})",
      [](const Tensor& x) {
        return broadcast_to(x, {0, 3});
      },
      {{3}, {1, 1}});
  one("slice", "slice(x, {{1, 3}, 2})", [](const Tensor& x) { return slice(x, {{1, 3}, 2}); }, {{4, 3}, {4, 3, 2}});
  one("slice", "slice(x, {{}, {none, none, -1}})",
      [](const Tensor& x) {
        return slice(x, {{}, {none, none, -1}});
      },
      {{2, 5}, {0, 3}});
  one("slice", "slice(x, {{3, none, -2}, -1})",
      [](const Tensor& x) {
        return slice(x, {{3, none, -2}, -1});
      },
      {{5, 3}});
  one("slice", "slice(x, {0})", [](const Tensor& x) { return slice(x, {0}); }, {{3}});
  one("slice", "slice(x, {{2, 2}})", [](const Tensor& x) { return slice(x, {{2, 2}}); }, {{3}});
  row("concatenate", "concatenate({a, b})",
      [](const Tensors& in) {
        return concatenate({in[0], in[1]});
      },
      {{2, 3}, {1, 3}});
  row("concatenate", "concatenate({a, b, c}, 1)",
      [](const Tensors& in) {
        return concatenate({in[0], in[1], in[2]}, 1);
      },
      {{2, 3}, {2, 1}, {2, 0}});
  row("concatenate", "concatenate({a}, -2)", [](const Tensors& in) { return concatenate({in[0]}, -2); }, {{2, 3}});
  row("concatenate", "concatenate of 40", [](const Tensors& in) { return concatenate(Tensors(40, in[0])); }, {{2}});
  row("stack", "stack({a, b})", [](const Tensors& in) { return stack({in[0], in[1]}); }, {{2, 3}, {2, 3}});
  row("stack", "stack({a, b, c}, -1)",
      [](const Tensors& in) {
        return stack({in[0], in[1], in[2]}, -1);
      },
      {{2}, {2}, {2}});
  row("stack", "stack({a, b})", [](const Tensors& in) { return stack({in[0], in[1]}); }, {{}, {}});
  row("stack", "stack({a, b}, 1)", [](const Tensors& in) { return stack({in[0], in[1]}, 1); }, {{0, 2}, {0, 2}});
}

void add_reductions(std::vector<OpRow>& rows) {
  using Reduce = Tensor (*)(const Operand&, const Axes&, bool);
  struct Form {
    const char* text;
    Axes axes;
    bool keepdims;
    std::vector<Shape> shapes;
  };
  const Form forms[] = {
      {"(x)", {}, false, {{3, 4}, {5}, {}, {2, 3, 2}}},       {"(x, {}, true)", {}, true, {{3, 4}}},
      {"(x, 0)", 0, false, {{3, 4}, {5}, {2, 3, 2}, {3, 0}}}, {"(x, -1)", -1, false, {{3, 4}, {2, 3, 2}, {0, 3}}},
      {"(x, 1, true)", 1, true, {{3, 4}, {2, 3, 2}}},         {"(x, {0, -1})", {0, -1}, false, {{2, 3, 2}}},
      {"(x, {-1, 0}, true)", {-1, 0}, true, {{2, 3, 2}}}};
  for (const auto& [name, f] : {std::pair<const char*, Reduce>{"sum", sum},
                                {"mean", mean},
                                {"max", max},
                                {"min", min},
                                {"logsumexp", logsumexp}})
    for (const Form& form : forms)
      for (const Shape& shape : form.shapes)
        rows.push_back({name,
                        name + std::string(form.text),
                        [f = f, form](const Tensors& in) { return f(in[0], form.axes, form.keepdims); },
                        {{shape}}}),
            rows.back().composite = rows.back().name == "mean";
  for (const auto& [name, f] : {std::pair<const char*, Reduce>{"sum", sum}})
    rows.push_back(
        {name, "sum(x, 0) of nothing", [f = f](const Tensors& in) { return f(in[0], 0, false); }, {{{0, 3}}}});

  OpRow where_largest{"argmax", "argmax(x)", [](const Tensors& in) { return argmax(in[0]); }, {{{3, 4}}}};
  where_largest.differentiable = false;
  rows.push_back(where_largest);
  where_largest.text = "argmax(x, 0, true)";
  where_largest.call = [](const Tensors& in) { return argmax(in[0], 0, true); };
  rows.push_back(where_largest);

  for (const auto& [name, f] :
       {std::pair<const char*, Tensor (*)(const Operand&, int)>{"softmax", softmax}, {"log_softmax", log_softmax}})
    for (const auto& [axis, shape] :
         {std::pair<int, Shape>{-1, {3, 4}}, {0, {3, 4}}, {1, {2, 3, 2}}, {0, {5}}, {-1, {0, 3}}, {-1, {2, 1}}})
      rows.push_back({name,
                      name + std::string("(x, ") + std::to_string(axis) + ")",
                      [f = f, axis = axis](const Tensors& in) { return f(in[0], axis); },
                      {{shape}}});
}

void add_losses(std::vector<OpRow>& rows) {
  struct Form {
    const char* text;
    Reduction reduction;
  };
  for (const Form& form : {Form{"", Reduction::mean}, Form{", Reduction::sum", Reduction::sum},
                           Form{", Reduction::none", Reduction::none}}) {
    using Loss = Tensor (*)(const Operand&, const Operand&, Reduction);
    const auto row = [&](const char* name, Loss f, std::vector<Argument> arguments) {
      rows.push_back({name, std::string(name) + "(a, b" + form.text + ")",
                      [f, r = form.reduction](const Tensors& in) { return f(in[0], in[1], r); }, std::move(arguments)});
    };
    row("cross_entropy", cross_entropy, {{{4, 3}}, {{4}, 0, 2, int64}});
    row("cross_entropy", cross_entropy, {{{3}}, {{}, 0, 2, int64}});
    row("cross_entropy", cross_entropy, {{{2, 3, 4}}, {{2, 4}, 0, 2, int64}});
    row("cross_entropy", cross_entropy, {{{4, 3}}, {{4, 3}, 0.1, 0.9}});
    row("cross_entropy", cross_entropy, {{{2, 3, 2}}, {{2, 3, 2}, 0.1, 0.9}});
    row("mse_loss", mse_loss, {{{3, 4}}, {{3, 4}}});
    row("mse_loss", mse_loss, {{{}}, {{}}});
    row("bce_with_logits", bce_with_logits, {{{3, 4}, -4, 4}, {{3, 4}, 0, 1}});
    row("bce_with_logits", bce_with_logits, {{{}}, {{}, 0, 1}});
  }
}

}  // namespace

const std::vector<OpRow>& op_table() {
  static const std::vector<OpRow> table = [] {
    std::vector<OpRow> rows;
    add_elementwise(rows);
    add_more_elementwise(rows);
    add_products(rows);
    add_linalg(rows);
    add_shapes(rows);
    add_contractions(rows);
    add_rearrangements(rows);
    add_indexing(rows);
    add_reductions(rows);
    add_statistics(rows);
    add_losses(rows);
    add_more_losses(rows);
    add_user_ops(rows);
    add_layers(rows);
    return rows;
  }();
  return table;
}

std::vector<std::string> op_names() {
  return {
#include "xgrad_op_names.inc"
  };
}

std::string title(const OpRow& row) {
  std::string text = row.name + ": " + row.text + " with";
  for (const Argument& argument : row.arguments) text += " " + to_string(argument.shape);
  return text;
}

OpRow with_shapes(OpRow row, const std::vector<Shape>& shapes) {
  for (std::size_t i = 0; i < shapes.size(); ++i) row.arguments[i].shape = shapes[i];
  return row;
}

Tensors constants(const OpRow& row, DType dtype) {
  Tensors in;
  Random random(7);
  for (const Argument& argument : row.arguments) {
    const bool labels = argument.dtype == int64;
    const Tensor numbers = uniform(random, argument.shape, argument.low, argument.high + labels, float32);
    const float* from = numbers.data<float>();
    const auto on_diagonal = [&, columns = argument.shape.rank() > 1 ? argument.shape[argument.shape.rank() - 1] : 1,
                              rows = argument.shape.rank() > 1 ? argument.shape[argument.shape.rank() - 2]
                                                               : 1](std::int64_t i) {
      return argument.diagonal != 0 && i / columns % rows == i % columns ? argument.diagonal : 0;
    };
    Tensor t = empty(argument.shape, argument.dtype == float64 ? dtype : argument.dtype);
    for (std::int64_t i = 0; i < t.size(); ++i) switch (t.dtype()) {
        case float32: t.mutable_data<float>()[i] = from[i] + static_cast<float>(on_diagonal(i)); break;
        case float64: t.mutable_data<double>()[i] = from[i] + static_cast<float>(on_diagonal(i)); break;
        case int64: t.mutable_data<std::int64_t>()[i] = static_cast<std::int64_t>(std::floor(from[i])); break;
        case boolean: t.mutable_data<bool>()[i] = from[i] > 0; break;
      }
    in.push_back(t);
  }
  return in;
}

Tensors variables(const OpRow& row, DType dtype) {
  Tensors in = constants(row, dtype);
  for (Tensor& t : in)
    if (t.dtype() == dtype) t = variable(t);
  return in;
}

Tensors leaves(const Tensors& arguments) {
  Tensors found;
  for (const Tensor& t : arguments)
    if (t.is_leaf()) found.push_back(t);
  return found;
}

}  // namespace xgrad::tests
