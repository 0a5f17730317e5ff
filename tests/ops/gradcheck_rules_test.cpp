// The gradient check as a judge: wrong rules, made from right ones by known mistakes, and right ones.
#include <xgrad/gradcheck.hpp>
#include <xgrad/gradcheck_catch.hpp>
#include <xgrad/transforms.hpp>
#include <xgrad/xgrad.hpp>

#include <cmath>

#include <fmt/format.h>

#include "catch.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

using Tensors = std::vector<Tensor>;
using Value = Tensor (*)(const Tensors&);
using Gradients = Tensors (*)(const Tensors& in, const Tensor& y, const Tensor& g);

/// An operation with its derivative, and what it can be called with.
struct Rule {
  const char* name;
  Value value;
  Gradients gradients;
  std::vector<Shape> shapes;
};

/// Sums g back to the shape of x.
Tensor back_to(Tensor g, const Tensor& x) {
  while (g.rank() > x.rank()) g = sum(g, 0);
  for (int axis = 0; axis < x.rank(); ++axis)
    if (x.shape()[axis] == 1) g = sum(g, axis, true);
  return g;
}

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all{
      {"product",
       [](const Tensors& in) { return in[0] * in[1]; },
       [](const Tensors& in, const Tensor&, const Tensor& g) {
         return Tensors{back_to(g * in[1], in[0]), back_to(g * in[0], in[1])};
       },
       {{3, 4}, {3, 4}}},
      {"row_product",
       [](const Tensors& in) { return in[0] * in[1]; },
       [](const Tensors& in, const Tensor&, const Tensor& g) {
         return Tensors{back_to(g * in[1], in[0]), back_to(g * in[0], in[1])};
       },
       {{3, 4}, {4}}},
      {"quotient",
       [](const Tensors& in) { return in[0] / in[1]; },
       [](const Tensors& in, const Tensor& y, const Tensor& g) {
         return Tensors{back_to(g / in[1], in[0]), back_to(-g * y / in[1], in[1])};
       },
       {{3, 1}, {3, 4}}},
      {"sigmoid",
       [](const Tensors& in) { return sigmoid(in[0]); },
       [](const Tensors&, const Tensor& y, const Tensor& g) { return Tensors{g * y * (1 - y)}; },
       {{4, 4}}},
      {"logarithm",
       [](const Tensors& in) { return log(in[0]); },
       [](const Tensors& in, const Tensor&, const Tensor& g) { return Tensors{g / in[0]}; },
       {{2, 3, 2}}},
      {"matrix_product",
       [](const Tensors& in) { return matmul(in[0], in[1]); },
       [](const Tensors& in, const Tensor&, const Tensor& g) {
         return Tensors{matmul(g, transpose(in[1])), matmul(transpose(in[0]), g)};
       },
       {{3, 3}, {3, 3}}},
      {"affine_map",
       [](const Tensors& in) { return matmul(in[0], in[1]) + in[2]; },
       [](const Tensors& in, const Tensor&, const Tensor& g) {
         return Tensors{matmul(g, transpose(in[1])), matmul(transpose(in[0]), g), sum(g, 0)};
       },
       {{2, 3}, {3, 4}, {4}}},
      {"softmax_rows",
       [](const Tensors& in) { return softmax(in[0], -1); },
       [](const Tensors&, const Tensor& y, const Tensor& g) { return Tensors{y * (g - sum(g * y, -1, true))}; },
       {{3, 5}}},
      {"row_sums",
       [](const Tensors& in) { return sum(in[0] * in[0], 1); },
       [](const Tensors& in, const Tensor&, const Tensor& g) { return Tensors{2 * in[0] * unsqueeze(g, 1)}; },
       {{4, 4}}},
      {"picked_twice",
       [](const Tensors& in) {
         return take(in[0], tensor({0, 2, 2, 1, 0}, int64));
       },
       [](const Tensors& in, const Tensor&, const Tensor& g) {
         return Tensors{scatter_add(zeros(in[0].shape(), float64), 0, tensor({0, 2, 2, 1, 0}, int64), g)};
       },
       {{4}}},
      {"length",
       [](const Tensors& in) { return sqrt(sum(in[0] * in[0])); },
       [](const Tensors& in, const Tensor& y, const Tensor& g) { return Tensors{g * in[0] / y}; },
       {{3, 3}}},
      {"many",
       [](const Tensors& in) { return exp(in[0] * in[1]); },
       [](const Tensors& in, const Tensor& y, const Tensor& g) {
         return Tensors{g * y * in[1], g * y * in[0]};
       },
       {{90, 70}, {90, 70}}},
  };
  return all;
}

/// A mistake in one of the gradients. An undefined result: there is no such mistake here.
struct Fault {
  const char* name;
  GradcheckCause cause;  // other: none that is told
  Tensor (*apply)(const Tensor& right, const Tensor& x, const Tensor& g);
};

Tensor changed(const Tensor& t, double (*f)(double, std::int64_t)) {
  Tensor copy = t.clone();
  double* p = copy.mutable_data<double>();
  for (std::int64_t i = 0; i < copy.size(); ++i) p[i] = f(p[i], i);
  return copy;
}

const std::vector<Fault>& faults() {
  using Cause = GradcheckCause;
  static const std::vector<Fault> all{
      {"sign", Cause::sign, [](const Tensor& r, const Tensor&, const Tensor&) { return -r; }},
      {"twice", Cause::factor, [](const Tensor& r, const Tensor&, const Tensor&) { return 2 * r; }},
      {"half", Cause::factor, [](const Tensor& r, const Tensor&, const Tensor&) { return r / 2; }},
      {"a thousandth more", Cause::factor, [](const Tensor& r, const Tensor&, const Tensor&) { return 1.001 * r; }},
      {"a mean for a sum", Cause::factor,
       [](const Tensor& r, const Tensor& x, const Tensor& g) {
         return g.size() > x.size() ? r * (double(x.size()) / double(g.size())) : Tensor();
       }},
      {"nothing", Cause::cut_off, [](const Tensor& r, const Tensor&, const Tensor&) { return 0 * r; }},
      {"transposed", Cause::transposed,
       [](const Tensor& r, const Tensor&, const Tensor&) {
         return r.rank() == 2 && r.shape()[0] > 1 ? reshape(transpose(r), r.shape()) : Tensor();
       }},
      {"moved along", Cause::misplaced,
       [](const Tensor& r, const Tensor&, const Tensor&) {
         return r.size() > 2 ? reshape(roll(reshape(r, {r.size()}), 1), r.shape()) : Tensor();
       }},
      {"backwards", Cause::other,
       [](const Tensor& r, const Tensor&, const Tensor&) { return r.size() > 2 ? flip(r) : Tensor(); }},
      {"of its upstream gradient the size", Cause::other,
       [](const Tensor& r, const Tensor&, const Tensor&) { return abs(r); }},
      {"squared", Cause::other, [](const Tensor& r, const Tensor&, const Tensor&) { return r * r; }},
      {"a constant more", Cause::other, [](const Tensor& r, const Tensor&, const Tensor&) { return r + 1e-3; }},
      {"one element", Cause::other,
       [](const Tensor& r, const Tensor&, const Tensor&) {
         return changed(r, [](double v, std::int64_t i) { return i == 2 ? 1.5 * v + 0.1 : v; });
       }},
      {"every other element", Cause::other,
       [](const Tensor& r, const Tensor&, const Tensor&) {
         return changed(r, [](double v, std::int64_t i) { return i % 2 ? v : 0; });
       }},
      {"cut to [-0.1, 0.1]", Cause::other,
       [](const Tensor& r, const Tensor&, const Tensor&) { return clamp(r, -0.1, 0.1); }},
      {"float32's range of numbers, coarser", Cause::other,
       [](const Tensor& r, const Tensor&, const Tensor&) {
         return changed(r, [](double v, std::int64_t) { return std::round(v * 256) / 256; });
       }},
      {"times x", Cause::other, [](const Tensor& r, const Tensor& x, const Tensor&) { return r * x; }},
      {"a random error of 1e-4", Cause::other,
       [](const Tensor& r, const Tensor&, const Tensor&) {
         return changed(r, [](double v, std::int64_t i) { return v * (1 + 1e-4 * std::sin(double(7 * i + 1))); });
       }},
      {"shifted", Cause::other, [](const Tensor& r, const Tensor&, const Tensor&) { return r - mean(r); }},
  };
  return all;
}

Tensors inputs_of(const Rule& rule, std::uint64_t seed) {
  Tensors in;
  for (const Shape& shape : rule.shapes) in.push_back(random_variable(shape, 0.5, 2, float64, 100 * seed + in.size()));
  return in;
}

CustomFunction with_fault(const Rule& rule, const Fault* fault, std::size_t input) {
  return custom_vjp([&rule](const Tensors& in) { return rule.value(in); },
                    [&rule, fault, input](const Tensors& in, const Tensor& y, const Tensor& g) {
                      Tensors gradients = rule.gradients(in, y, g);
                      if (fault) gradients[input] = fault->apply(gradients[input], in[input], g);
                      return gradients;
                    },
                    rule.name);
}

/// Whether the mistake changes anything.
bool differs(const Rule& rule, const Fault& fault, std::size_t input, const Tensors& in) {
  const Tensor y = rule.value(in), g = random_tensor(y.shape(), -1, 1, float64, 77);
  const Tensor right = rule.gradients(in, y, g)[input], wrong = fault.apply(right, in[input], g);
  if (!wrong.defined()) return false;
  return max(abs(wrong - right)).item() > 1e-5 * max(abs(right)).item();
}

}  // namespace

TEST_CASE("gradcheck: seeded wrong rules are caught, with the input and the cause", "[gradcheck]") {
  int tried = 0, caught = 0, named = 0, causes = 0, told = 0;
  std::string odd;
  for (const Rule& rule : rules())
    for (const Fault& fault : faults())
      for (std::size_t input = 0; input < rule.shapes.size(); ++input) {
        const Tensors in = inputs_of(rule, 1);
        if (!no_grad([&] { return differs(rule, fault, input, in); })) continue;
        const GradcheckReport report = gradcheck(with_fault(rule, &fault, input), in, {.seed = 3});
        ++tried;
        caught += !report.ok;
        const bool right_input = !report.ok && report.input == static_cast<int>(input);
        named += right_input;
        if (!right_input) odd += fmt::format("{}, {}, {}: {}\n", rule.name, fault.name, input, report.text);
        if (fault.cause == GradcheckCause::other || std::string(rule.name) == "many") continue;
        ++causes;
        told += report.cause == fault.cause;
        if (report.cause != fault.cause) odd += fmt::format("{}, {}: {}\n", rule.name, fault.name, report.text);
      }
  INFO(tried << " wrong rules, " << caught << " caught, " << named << " with the right input, cause " << told << " of "
             << causes << "\n"
             << odd);
  CHECK(tried >= 250);
  CHECK(caught == tried);
  CHECK(named == tried);
  CHECK(told >= causes * 95 / 100);
}

TEST_CASE("gradcheck: rules that are right raise no alarm", "[gradcheck]") {
  for (const Rule& rule : rules()) {
    INFO(rule.name);
    CHECK_THAT(gradcheck(with_fault(rule, nullptr, 0), inputs_of(rule, 2), {.order = 2}), is_right_derivative());
  }
}

namespace {

/// A random expression of smooth and piecewise operations over two inputs.
Tensor random_expression(Random random, const Tensors& in) {
  Tensor x = in[0], y = in[1];
  for (int step = 0; step < 3; ++step) {
    switch (random.below(12)) {
      case 0: x = x * y; break;
      case 1: x = x + sin(y); break;
      case 2: x = x / (1.5 + y * y); break;
      case 3: x = tanh(x) - y; break;
      case 4: x = exp(-x * x); break;
      case 5: x = relu(x) + y; break;
      case 6: x = maximum(x, y); break;
      case 7: x = x.rank() > 0 ? softmax(x, -1) * y : sigmoid(x); break;
      case 8: x = abs(x) * y; break;
      case 9: x = where(x > 0, square(x), y); break;
      case 10: x = x.rank() > 0 && x.size() > 0 ? sum(x, -1, true) + y : log(1 + x * x); break;
      case 11: x = gelu(x) * 2 + y; break;
    }
  }
  return x;
}

Shape random_shape(Random& random) {
  static const std::vector<Shape> shapes{{}, {1}, {3}, {0}, {2, 3}, {1, 3}, {4, 1}, {2, 2, 3}, {3, 1, 2}};
  return shapes[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(shapes.size())))];
}

bool broadcast_together(const Shape& a, const Shape& b) {
  for (int i = 1; i <= std::min(a.rank(), b.rank()); ++i) {
    const auto x = a[a.rank() - i], y = b[b.rank() - i];
    if (x != y && x != 1 && y != 1) return false;
  }
  return true;
}

void check_right_rules(std::uint64_t count) {
  std::string alarms;
  for (std::uint64_t seed = 0; seed < count; ++seed) {
    Random random(seed, 9);
    const Shape a = random_shape(random);
    Shape b = random_shape(random);
    while (!broadcast_together(a, b)) b = random_shape(random);
    const Tensors in{random_variable(a, -2, 2, float64, 2 * seed), random_variable(b, -2, 2, float64, 2 * seed + 1)};
    const Random drawn = random;
    const GradcheckOptions options{.order = seed % 4 == 0 ? 2 : 1, .full_size = seed % 2 ? 4096 : 0, .seed = seed};
    const auto report = gradcheck([&](const Tensors& t) { return random_expression(drawn, t); }, in, options);
    if (report.ok) continue;
    alarms += fmt::format("seed {}: {}\n", seed, report.text);
  }
  CHECK(alarms == "");
}

}  // namespace

TEST_CASE("gradcheck: random right rules on random shapes", "[gradcheck]") { check_right_rules(500); }
TEST_CASE("gradcheck: 10,000 random right rules on random shapes", "[gradcheck][long]") { check_right_rules(10000); }

TEST_CASE("gradcheck: a kink is told from an error", "[gradcheck]") {
  const Tensor x = variable(tensor({-1, 0, 2, 0}, float64));
  for (const std::int64_t full_size : {4096, 0}) {
    const GradcheckReport report =
        gradcheck([](const Tensors& in) { return relu(in[0]); }, {x}, {.full_size = full_size});
    INFO(report.text);
    CHECK(report.ok);
    REQUIRE(report.kinks.size() == 2);
    CHECK(report.kinks[0].input == 0);
    CHECK(report.kinks[0].element == 1);
    CHECK(report.kinks[0].left == Approx(0).margin(1e-9));
    CHECK(report.kinks[0].analytic == 0);
    CHECK_THAT(report.text, contains("2 kinks, the first, at input 0 element 1 with slopes 0 and "));
    if (full_size > 0) CHECK(report.kinks[0].right == Approx(1));
  }
  // A derivative that is neither slope's, nor between the two.
  const auto steep = custom_vjp(
      [](const Tensor& t) { return relu(t); },
      [](const Tensor& t, const Tensor&, const Tensor& g) { return where(t == 0, 3 * g, where(t > 0, g, 0 * g)); });
  const GradcheckReport report = gradcheck([&](const Tensors& in) { return steep(in[0]); }, {x});
  CHECK_FALSE(report.ok);
  CHECK(report.cause == GradcheckCause::kink);
  CHECK(report.element == 1);
  CHECK_THAT(report.text, contains("probable cause: a kink, whose slopes are 0 and 1"));
  // Jumps, large inputs with one kink in them, and kinks of the derivative.
  CHECK(gradcheck([](const Tensors& in) { return floor(in[0]); }, {x}).kinks.size() == 4);
  Tensor large = random_variable({200, 40}, 0.5, 1);
  large.mutable_data<double>()[4321] = 0;
  const GradcheckReport one = gradcheck([](const Tensors& in) { return relu(in[0]); }, {large});
  INFO(one.text);
  CHECK(one.ok);
  REQUIRE(one.kinks.size() == 1);
  CHECK(one.kinks[0].element == 4321);
  const GradcheckReport second = gradcheck([](const Tensors& in) { return in[0] * relu(in[0]); }, {x}, {.order = 2});
  INFO(second.text);
  CHECK(second.ok);
  CHECK(second.kinks.size() == 2);
}

TEST_CASE("gradcheck: what is not the same twice, or changes its inputs", "[gradcheck]") {
  const Tensor x = random_variable({2, 3}), y = random_variable({2, 3}, 0.5, 1, float64, 2);
  int calls = 0;
  const GradcheckReport moving = gradcheck([&](const Tensors& in) { return in[0] * double(++calls); }, {x});
  CHECK(moving.cause == GradcheckCause::nondeterministic);
  CHECK_THAT(moving.text, contains("the second time"));

  const auto unsteady = custom_vjp([](const Tensor& t) { return 2 * t; },
                                   [&](const Tensor&, const Tensor&, const Tensor& g) { return g * double(++calls); });
  const GradcheckReport swept = gradcheck([&](const Tensors& in) { return unsteady(in[0]) + in[1]; }, {x, y});
  CHECK(swept.cause == GradcheckCause::nondeterministic);
  CHECK(swept.input == 0);

  const Tensor before = y.clone();
  const auto spoils = [](const Tensors& in) {
    Tensor(in[1]).mutable_data<double>()[4] = 0;
    return in[0] * 2;
  };
  const GradcheckReport spoiled = gradcheck(spoils, {x, y}, {.names = {"x", "scale"}});
  CHECK(spoiled.cause == GradcheckCause::changed_input);
  CHECK(spoiled.input == 1);
  CHECK(spoiled.name == "scale");
  CHECK(same_bits(y, before));
}

TEST_CASE("gradcheck: causes that need several rows", "[gradcheck]") {
  const Tensor x = random_variable({3}, 0.5, 2), m = random_variable({4, 3}, 0.5, 2, float64, 5);
  // Only the first row of what a broadcast input adds up.
  const auto first_row = custom_vjp([](const Tensors& in) { return in[0] * in[1]; },
                                    [](const Tensors& in, const Tensor&, const Tensor& g) {
                                      return Tensors{g * in[1], slice(g * in[0], {0})};
                                    });
  CHECK(gradcheck(first_row, {m, x}).cause == GradcheckCause::missing_sum);
  // Elements that are picked twice and get only the last gradient.
  const auto last_wins = custom_vjp(
      [](const Tensor& t) {
        return take(t, tensor({0, 1, 0}, int64));
      },
      [](const Tensor& t, const Tensor&, const Tensor& g) {
        return scatter(zeros(t.shape(), float64), 0, tensor({0, 1, 0}, int64), g);
      });
  CHECK(gradcheck([&](const Tensors& in) { return last_wins(in[0]); }, {x}).cause == GradcheckCause::overwritten);
  const auto deaf = custom_vjp([](const Tensor& t) { return t * t; },
                               [](const Tensor& t, const Tensor&, const Tensor&) { return 2 * t; });
  CHECK(gradcheck([&](const Tensors& in) { return deaf(in[0]); }, {x}).cause == GradcheckCause::upstream);
  const auto wrong_shape = custom_vjp([](const Tensors& in) { return in[0] * in[1]; },
                                      [](const Tensors& in, const Tensor&, const Tensor& g) {
                                        return Tensors{g * in[1], g * in[0]};
                                      },
                                      "scale_rows");
  const GradcheckReport shaped = gradcheck(wrong_shape, {m, x});
  CHECK(shaped.cause == GradcheckCause::shape);
  CHECK(shaped.input == 1);
  CHECK_THAT(shaped.text, contains("scale_rows: "));
  // Not linear in the upstream gradient: reverse mode hits it right at 1 only.
  const auto curved = custom_vjp([](const Tensor& t) { return sum(t * t); },
                                 [](const Tensor& t, const Tensor&, const Tensor& g) { return 2 * t * g * g; });
  const GradcheckReport bent = gradcheck([&](const Tensors& in) { return curved(in[0]); }, {x});
  CHECK(bent.cause == GradcheckCause::upstream);
  CHECK_THAT(bent.text, contains("not linear in the upstream gradient"));
}

TEST_CASE("gradcheck: steep is not a kink, and large is not noise", "[gradcheck]") {
  const auto times = [](double factor, Tensor (*f)(const Tensor&), Tensor (*slope)(const Tensor&)) {
    return custom_vjp([f](const Tensor& x) { return f(x); },
                      [=](const Tensor& x, const Tensor&, const Tensor& g) { return factor * g * slope(x); });
  };
  const auto inverse = [&](double factor) {
    return times(
        factor, [](const Tensor& x) { return 1 / x; }, [](const Tensor& x) { return -1 / (x * x); });
  };
  const auto steep = [&](double factor) {
    return times(
        factor, [](const Tensor& x) { return tanh(1e5 * x); },
        [](const Tensor& x) { return 1e5 * (1 - square(tanh(1e5 * x))); });
  };
  for (const double at : {0.3, 1e-2, 1e-4, 1e-6, 1e-8}) {
    const Tensor x = variable(tensor({at}, float64));
    INFO(at);
    CHECK_THAT(gradcheck([f = inverse(1)](const Tensors& in) { return f(in[0]); }, {x}), is_right_derivative());
    CHECK_FALSE(gradcheck([f = inverse(1.5)](const Tensors& in) { return f(in[0]); }, {x}));
    if (at < 1e-4) CHECK_FALSE(gradcheck([f = steep(3)](const Tensors& in) { return f(in[0]); }, {x}));
  }
  CHECK_FALSE(gradcheck([f = steep(3)](const Tensors& in) { return f(in[0]); }, {variable(tensor({0}, float64))}));

  const Tensor x = random_variable({3}, 0.5, 2), many = random_variable({200, 100}, 0.5, 2);
  for (const double factor : {1.0, 1.01}) {
    const auto f = inverse(factor);
    const auto beside = [&](const Tensors& in) { return stack({sum(f(in[0])), tensor(1e9, float64)}); };
    CHECK(gradcheck(beside, {x}).ok == (factor == 1));
    CHECK(gradcheck(beside, {x}, {.full_size = 0}).ok == (factor == 1));
  }
}

TEST_CASE("gradcheck: kinks by the thousand, results that are not finite or not of one shape", "[gradcheck]") {
  Tensor sparse = random_variable({60, 90});
  for (int i = 0; i < 5400; i += 2) sparse.mutable_data<double>()[i] = 0;
  const GradcheckReport report = gradcheck([](const Tensors& in) { return relu(in[0]); }, {sparse});
  INFO(report.text);
  CHECK(report.ok);
  CHECK(report.kinks.size() == 100);

  const Tensor x = random_variable({2, 3}), mask = tensor({{1, 0, 1}, {0, 1, 1}}, float64) > 0;
  for (const std::int64_t full_size : {4096, 0}) {
    const auto masked = [&](const Tensors& in) { return where(mask, in[0] * in[0], -INFINITY); };
    CHECK_THAT(gradcheck(masked, {x}, {.full_size = full_size}), is_right_derivative());
    const auto wrong = [&](const Tensors& in) { return where(mask, in[0] * in[0].detach(), -INFINITY); };
    CHECK_FALSE(gradcheck(wrong, {x}, {.full_size = full_size}));
  }
  // What is not finite does not hide that another element is not the same when recorded.
  const auto on_tape = [&](const Tensors& in) {
    const Tensor y = in[0] * in[0];
    return where(mask, y * (y.requires_grad() ? 1.001 : 1.0), -INFINITY);
  };
  CHECK(gradcheck(on_tape, {x}).cause == GradcheckCause::recording);

  const Tensor edge = variable(tensor({1, 0.0005, 2}, float64));
  const GradcheckReport changes = gradcheck([](const Tensors& in) { return masked_select(in[0], in[0] > 0); }, {edge});
  CHECK(changes.cause == GradcheckCause::shape);
  CHECK_THAT(changes.text, contains("the result is float64 (2,), and was float64 (3,) before"));
  CHECK(edge.to_vector<double>()[1] == 0.0005);
  CHECK_THAT(error_of<ValueError>([&] {
               gradcheck([](const Tensors& in) { return in[0] * in[1]; }, {edge, edge.detach()});
             }),
             contains("input 1 has the elements of variable 0"));
}

TEST_CASE("gradcheck: two evaluations for the differences at any size", "[gradcheck]") {
  const Tensor x = random_variable({300, 200});
  int calls = 0;
  const auto f = [&](const Tensors& in) { return ++calls, tanh(in[0]); };
  CHECK_THAT(gradcheck(f, {x}), is_right_derivative());
  CHECK(calls <= 7);  // its value, that again, once recorded, two differences, once for forward mode, the dtype
}

TEST_CASE("gradcheck: the report as JSON", "[gradcheck]") {
  const Tensor x = variable(tensor({1, 2}, float64));
  const auto f = [](const Tensors& in) { return in[0] * in[0].detach(); };
  const GradcheckReport report = gradcheck(f, {x}, {.names = {"the \"x\""}});
  CHECK(report.name == "the \"x\"");
  CHECK(report.forward == Approx(report.analytic));
  CHECK_THAT(report.json(), contains(R"("ok":false,"order":1,"input":0,"name":"the \"x\"","element":)"));
  CHECK_THAT(report.json(), contains(R"("cause":"factor","kinks":[])"));
  CHECK_THAT(gradcheck([](const Tensors& in) { return -relu(in[0]); }, {variable(tensor({0}, float64))}).json(),
             contains(R"("ok":true)") && contains(R"("kinks":[{"input":0,"element":0,"left":0.0,"right":-)"));
  CHECK(error_of<ValueError>([&] {
          gradcheck(f, {x}, {.names = {"a", "b"}}, {"user.cpp", 3});
        }) == "gradcheck: 2 names for 1 inputs [at user.cpp:3]");
}

}  // namespace xgrad::tests
