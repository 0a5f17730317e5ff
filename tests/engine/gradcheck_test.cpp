// The gradient checker: wrong derivatives, written with the engine's own tools, go red and name their input.
#include <xgrad/engine/gradcheck.hpp>

#include <xgrad/engine/internal/op.hpp>
#include <xgrad/engine/tape.hpp>
#include <xgrad/ops/abs.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/div.hpp>
#include <xgrad/ops/exp.hpp>
#include <xgrad/ops/log.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/neg.hpp>
#include <xgrad/ops/relu.hpp>
#include <xgrad/ops/sqrt.hpp>

#include "catch.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

using detail::Call;
using detail::Op;
using detail::reads_in;
using detail::Vjp;
using Inputs = std::vector<Tensor>;

/// a * b under a derivative of the test's own.
Tensor product(const Op& op, const Operand& a, const Operand& b) {
  Call call(op, a, b);
  return call.record(no_grad([&] { return call.in(0) * call.in(1); }));
}
/// f(x) under a derivative of the test's own.
template <class F> Tensor unary(const Op& op, const Operand& x, F f) {
  Call call(op, x);
  return call.record(no_grad([&] { return f(call.in(0)); }));
}
Tensor exp_by(const Op& op, const Operand& x) {
  return unary(op, x, [](const Tensor& t) { return exp(t); });
}
Op product_op(void (*vjp)(Vjp&)) {
  return {.name = "product", .reads = {reads_in(0) | reads_in(1), reads_in(0) | reads_in(1)}, .vjp = vjp};
}

/// A copy of `t` with one element changed.
Tensor with_element(const Tensor& t, std::int64_t element, double factor) {
  Tensor copy = t.clone();
  copy.mutable_data<double>()[element] *= factor;
  return copy;
}

const Op right = product_op([](Vjp& d) {
  d.add(0, d.grad() * d.in(1));
  d.add(1, d.grad() * d.in(0));
});

GradcheckReport check_product(const Op& op, const Inputs& inputs, const GradcheckOptions& options = {}) {
  return gradcheck([&](const Inputs& in) { return product(op, in[0], in[1]); }, inputs, options);
}

Inputs two(const Shape& a, const Shape& b) {
  return {random_variable(a, 0.5, 2, float64, 1), random_variable(b, 0.5, 2, float64, 2)};
}

}  // namespace

TEST_CASE("gradcheck: a right derivative is green in both orders", "[gradcheck]") {
  const auto [a, b] = GENERATE(table<Shape, Shape>({{{3, 4}, {3, 4}},
                                                    {{3, 4}, {4}},
                                                    {{3, 1}, {1, 4}},
                                                    {{}, {3, 4}},
                                                    {{}, {}},
                                                    {{0, 3}, {3}},
                                                    {{0}, {1}},
                                                    {{200, 30}, {30}}}));
  const GradcheckReport report = check_product(right, two(a, b), {.order = 2});
  INFO(report.text);
  CHECK(report.ok);
  CHECK(report.relative_error < 1e-8);
  CHECK_THAT(report.text, contains("gradcheck: ok"));
  CHECK_THAT(report.text, contains(report.relative_error > 0 ? "largest relative error" : "all within atol 1e-08"));
}

TEST_CASE("gradcheck: wrong derivatives of one input", "[gradcheck]") {
  struct Wrong {
    const char* what;
    int input;
    void (*vjp)(Vjp&);
  };
  const auto wrong = GENERATE(values<Wrong>({
      {"sign", 0, [](Vjp& d) { d.add(0, -(d.grad() * d.in(1))), d.add(1, d.grad() * d.in(0)); }},
      {"sign", 1, [](Vjp& d) { d.add(0, d.grad() * d.in(1)), d.add(1, -(d.grad() * d.in(0))); }},
      {"factor", 1, [](Vjp& d) { d.add(0, d.grad() * d.in(1)), d.add(1, 2 * d.grad() * d.in(0)); }},
      {"small factor", 0, [](Vjp& d) { d.add(0, 1.00001 * d.grad() * d.in(1)), d.add(1, d.grad() * d.in(0)); }},
      {"nothing", 0, [](Vjp& d) { d.add(1, d.grad() * d.in(0)); }},
      {"other input's", 1, [](Vjp& d) { d.add(0, d.grad() * d.in(1)), d.add(1, d.grad() * d.in(1)); }},
      {"nan", 0, [](Vjp& d) { d.add(0, d.grad() * (d.in(1) / 0.0) * 0), d.add(1, d.grad() * d.in(0)); }},
      {"one element", 1,
       [](Vjp& d) { d.add(0, d.grad() * d.in(1)), d.add(1, with_element(d.grad() * d.in(0), 5, 1.5)); }},
  }));
  const Shape shape = GENERATE(Shape{2, 3}, Shape{40, 30});
  const Op op = product_op(wrong.vjp);
  const GradcheckReport report = check_product(op, two(shape, shape));
  INFO(wrong.what << " " << to_string(shape) << ": " << report.text);
  CHECK_FALSE(report.ok);
  CHECK(report.order == 1);
  CHECK(report.input == wrong.input);
  CHECK_THAT(report.text, contains("input " + std::to_string(wrong.input)));
  CHECK_THAT(report.text, contains(to_string(shape)));
}

TEST_CASE("gradcheck: the report has the element and both numbers", "[gradcheck]") {
  const Shape shape = GENERATE(Shape{3, 4}, Shape{30, 40});
  const Op op = product_op([](Vjp& d) {
    d.add(0, d.grad() * d.in(1));
    d.add(1, with_element(d.grad() * d.in(0), 7, 0.5));
  });
  const GradcheckReport report = check_product(op, two(shape, shape));
  INFO(report.text);
  REQUIRE_FALSE(report.ok);
  CHECK(report.element == 7);
  CHECK(report.analytic == Approx(0.5 * report.numeric).epsilon(1e-6));
  CHECK(report.relative_error == Approx(0.5).epsilon(1e-6));
  CHECK_THAT(report.text,
             contains(shape[0] == 3 ? "input 1[1, 3], float64 (3, 4)" : "input 1[0, 7], float64 (30, 40)"));
}

TEST_CASE("gradcheck: a missing broadcast sum", "[gradcheck]") {
  // The engine sums a contribution back; a rule that reduces by itself can leave rows out, or return a wrong shape.
  const Op first_row = product_op([](Vjp& d) {
    d.add(0, d.grad() * d.in(1));
    d.add(1, from_data((d.grad() * d.in(0)).data<double>(), d.shape(1)));
  });
  const GradcheckReport partial = check_product(first_row, two({3, 4}, {4}));
  INFO(partial.text);
  CHECK_FALSE(partial.ok);
  CHECK(partial.input == 1);

  const Op wrong_shape = product_op([](Vjp& d) {
    d.add(0, from_data((d.grad() * d.in(1)).data<double>(), Shape{4}));
    d.add(1, d.grad() * d.in(0));
  });
  const GradcheckReport thrown = check_product(wrong_shape, two({3, 4}, {4}));
  CHECK_FALSE(thrown.ok);
  CHECK(thrown.input == 0);
  CHECK_THAT(thrown.text, contains("the derivative for input 0 throws: product: ") && contains("float64 (4,)") &&
                              contains("(3, 4)"));
}

TEST_CASE("gradcheck: a wrong axis", "[gradcheck]") {
  // The sum over rows of a square, whose derivative goes back along columns.
  const Op op{.name = "row_sum", .vjp = [](Vjp& d) {
                Tensor g = empty(d.shape(0), float64);
                for (std::int64_t i = 0; i < 9; ++i) g.mutable_data<double>()[i] = d.grad().data<double>()[i / 3];
                d.add(0, g);
              }};
  const auto row_sum = [&](const Inputs& in) {
    return unary(op, in[0], [](const Tensor& x) { return detail::sum_to(x, Shape{3}); });
  };
  const GradcheckReport report = gradcheck(row_sum, {random_variable({3, 3})});
  CHECK_FALSE(report.ok);
  CHECK(report.input == 0);
  CHECK_THAT(report.text, contains("6") && contains("of 27 for input 0"));
}

TEST_CASE("gradcheck: overwriting instead of accumulating shows in f(x, x)", "[gradcheck]") {
  const Op op = product_op([](Vjp& d) {
    const bool same = d.in(0).data<double>() == d.in(1).data<double>();
    if (!same) d.add(0, d.grad() * d.in(1));
    d.add(1, d.grad() * d.in(0));
  });
  const Tensor x = random_variable({2, 3}, 0.5, 2), y = random_variable({2, 3}, 0.5, 2, float64, 2);
  CHECK(check_product(op, {x, y}).ok);
  const GradcheckReport report = gradcheck([&](const Inputs& in) { return product(op, in[0], in[0]); }, {x});
  CHECK_FALSE(report.ok);
  CHECK(report.input == 0);
  CHECK(report.analytic == Approx(report.numeric / 2).epsilon(1e-6));
}

TEST_CASE("gradcheck: wrong in second order only", "[gradcheck]") {
  // The first derivative is right; what it is made of has lost its history, or has a wrong derivative itself.
  static const Op wrong_exp{
      .name = "wrong_exp", .reads = {detail::reads_output}, .vjp = [](Vjp& d) { d.add(0, -(d.grad() * d.out())); }};
  static const Op detached{.name = "detached", .reads = {detail::reads_output}, .vjp = [](Vjp& d) {
                             d.add(0, d.grad() * d.out().detach());
                           }};
  static const Op borrowed{.name = "borrowed", .reads = {reads_in(0)}, .vjp = [](Vjp& d) {
                             d.add(0, d.grad() * exp_by(wrong_exp, d.in(0)));
                           }};
  const Op* op = GENERATE(as<const Op*>(), &detached, &borrowed);
  const auto f = [&](const Inputs& in) { return in[0] * exp_by(*op, in[1]); };
  const Shape shape = GENERATE(Shape{2, 3}, Shape{300});
  const Inputs inputs = two(shape, shape);
  CHECK(gradcheck(f, inputs).ok);
  const GradcheckReport report = gradcheck(f, inputs, {.order = 2});
  INFO(report.text);
  CHECK_FALSE(report.ok);
  CHECK(report.order == 2);
  CHECK(report.input == 1);
}

TEST_CASE("gradcheck: a fused shortcut that disagrees with the recorded rule", "[gradcheck]") {
  const Op op = product_op([](Vjp& d) {
    d.add(0, d.grad() * d.in(1) * (d.recording() ? 1.0 : 0.999));
    d.add(1, d.grad() * d.in(0));
  });
  CHECK_FALSE(check_product(op, two({3}, {3})).ok);
  const Op other = product_op([](Vjp& d) {
    d.add(0, d.grad() * d.in(1) * (d.recording() ? 0.999 : 1.0));
    d.add(1, d.grad() * d.in(0));
  });
  for (const std::int64_t full_size : {4096, 0}) {
    const GradcheckReport report = check_product(other, two({3}, {3}), {.full_size = full_size});
    CHECK(report.cause == GradcheckCause::forward_mode);
    CHECK(report.input == 0);
    CHECK(report.forward == Approx(0.999 * report.numeric));
  }
}

TEST_CASE("gradcheck: a derivative that throws", "[gradcheck]") {
  const Op op = product_op([](Vjp& d) {
    d.add(0, d.grad() * d.in(1));
    if (d.wanted(1)) throw ValueError("product: not today");
  });
  const GradcheckReport report = check_product(op, two({3}, {3}));
  CHECK_FALSE(report.ok);
  CHECK(report.input == 1);
  CHECK_THAT(report.text, contains("not today"));

  const Op none{.name = "no_derivative"};
  const GradcheckReport missing = check_product(none, two({3}, {3}));
  CHECK_FALSE(missing.ok);
  CHECK_THAT(missing.text, contains("no_derivative"));
}

TEST_CASE("gradcheck: near kinks and poles smaller steps decide", "[gradcheck]") {
  const Tensor x = variable(tensor({1e-4, -1e-4, 0.5, -2}, float64));
  CHECK(gradcheck([](const Inputs& in) { return abs(in[0]) + relu(in[0]); }, {x}).ok);
  const Tensor small = variable(tensor({1e-3, 1e-4}, float64));
  const GradcheckReport report =
      gradcheck([](const Inputs& in) { return log(in[0]) + sqrt(in[0]); }, {small}, {.order = 2, .rtol = 1e-5});
  INFO(report.text);
  CHECK(report.ok);
}

TEST_CASE("gradcheck: large and small numbers", "[gradcheck]") {
  const Tensor large = variable(tensor({1e6, -3e5, 0.1}, float64));
  const Tensor small = variable(tensor({1e-6, 2e-7, 3}, float64));
  const auto f = [](const Inputs& in) { return in[0] * in[0] * in[0] + exp(in[1]); };
  for (const std::int64_t full_size : {4096, 0}) {
    const GradcheckReport report = gradcheck(f, {large, small}, {.order = 2, .full_size = full_size});
    INFO(report.text);
    CHECK(report.ok);
  }
  // What is added to the result costs digits, but does not hide a wrong factor.
  const Inputs inputs = two({3}, {3});
  const auto with_offset = [](const Op& op) {
    return [&op](const Inputs& in) { return product(op, in[0], in[1]) + 1e7; };
  };
  CHECK(gradcheck(with_offset(right), inputs).ok);
  const Op wrong = product_op([](Vjp& d) {
    d.add(0, d.grad() * d.in(1));
    d.add(1, d.grad() * d.in(0) * 1.01);
  });
  CHECK(gradcheck(with_offset(wrong), inputs).input == 1);
}

TEST_CASE("gradcheck: a second derivative that throws", "[gradcheck]") {
  static const Op rough{.name = "rough"};
  static const Op op = product_op([](Vjp& d) {
    d.add(0, d.grad() * d.in(1));
    if (!d.wanted(1)) return;
    d.add(1, d.grad() * (d.recording() ? unary(rough, d.in(0), [](const Tensor& x) { return x * 1.0; }) : d.in(0)));
  });
  const Inputs inputs = two({3}, {3});
  CHECK(check_product(op, inputs).ok);
  const GradcheckReport report = check_product(op, inputs, {.order = 2});
  CHECK_FALSE(report.ok);
  CHECK(report.order == 2);
  CHECK(report.input == 1);
  CHECK_THAT(report.text, contains("has no derivative"));
}

TEST_CASE("gradcheck: constants among the inputs are left alone", "[gradcheck]") {
  const Tensor constant = random_tensor({3}), label = tensor({1, 2, 3}, int64), x = random_variable({3});
  const auto f = [](const Inputs& in) { return in[0] * in[2]; };
  CHECK(gradcheck(f, {constant, label, x}).ok);
  const Op op = product_op([](Vjp& d) { d.add(1, -(d.grad() * d.in(0))); });
  const GradcheckReport report =
      gradcheck([&](const Inputs& in) { return product(op, in[0], in[2]); }, {constant, label, x});
  CHECK(report.input == 2);
}

TEST_CASE("gradcheck: a gradient that is lost", "[gradcheck]") {
  const Inputs inputs = two({3}, {3});
  const GradcheckReport report = gradcheck([](const Inputs& in) { return in[0] * in[1].detach(); }, inputs);
  CHECK_FALSE(report.ok);
  CHECK(report.input == 1);
  CHECK(report.analytic == 0);
  const GradcheckReport all =
      gradcheck([](const Inputs& in) { return no_grad([&] { return in[0] * in[0]; }); }, inputs);
  CHECK_FALSE(all.ok);
  CHECK(all.input == 0);
}

TEST_CASE("gradcheck: inputs come back bit for bit, also past an error", "[gradcheck]") {
  const Inputs inputs = two({2, 3}, {2, 3});
  const Tensor before = inputs[0].clone();
  check_product(right, inputs, {.order = 2});
  CHECK(same_bits(inputs[0], before));
  int calls = 0;
  const auto fails_later = [&](const Inputs& in) {
    if (++calls == 5) throw ValueError("later");
    return in[0] * in[1];
  };
  CHECK(error_of<ValueError>([&] { gradcheck(fails_later, inputs); }) == "later");
  CHECK(same_bits(inputs[0], before));
}

TEST_CASE("gradcheck: misuse is a ValueError with the caller's line", "[gradcheck]") {
  const auto square = [](const Inputs& in) { return in[0] * in[0]; };
  const auto message = [](auto f, const Inputs& in, const GradcheckOptions& o = {}) {
    return error_of<ValueError>([&] { gradcheck(f, in, o, {"user.cpp", 7}); });
  };
  CHECK(message(square, {random_variable({2}, 0, 1, float32)}) ==
        "gradcheck: input 0 is float32 (2,), expected float64 [at user.cpp:7]");
  CHECK_THAT(message(square, {random_tensor({2})}), contains("none of 1 inputs is a variable"));
  CHECK_THAT(message(square, {random_variable({2}), Tensor()}), contains("input 1 is an undefined tensor"));
  CHECK_THAT(message([](const Inputs&) { return ones({2}); }, {random_variable({2})}),
             contains("the result is float32 (2,), expected float64"));
  CHECK_THAT(message([](const Inputs&) { return Tensor(); }, {random_variable({2})}),
             contains("the result is undefined"));
  CHECK_THAT(message(square, {random_variable({2})}, {.order = 3}), contains("order 3, expected 1 or 2"));
  CHECK_THAT(message(square, {random_variable({2})}, {.step = 0}), contains("step 0"));
  for (const double step : {1e-11, 1e-17, 1e-300})
    CHECK_THAT(message(square, {random_variable({2})}, {.step = step}), contains("lost in rounding errors"));
  for (const double bad : {double{INFINITY}, double{NAN}, -1.0}) {
    CHECK_THAT(message(square, {random_variable({2})}, {.rtol = bad}), contains("positive and finite"));
    CHECK_THAT(message(square, {random_variable({2})}, {.atol = bad}), contains("positive and finite"));
    CHECK_THAT(message(square, {random_variable({2})}, {.step = bad}), contains("positive and finite"));
  }
  const Op wrong = product_op([](Vjp& d) {
    d.add(0, d.grad() * d.in(1) * 1.01);
    d.add(1, d.grad() * d.in(0));
  });
  for (const double step : {1e-10, 1e-6, 1e-2})
    CHECK_FALSE(
        gradcheck([&](const Inputs& in) { return product(wrong, in[0], in[1]); }, two({2}, {2}), {.step = step}).ok);
}

}  // namespace xgrad::tests
