// Transforms of functions against closed forms, finite differences, and each other.
#include <xgrad/gradcheck.hpp>
#include <xgrad/transforms.hpp>
#include <xgrad/xgrad.hpp>

#include <cmath>

#include "catch.hpp"
#include "op_table.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

using Numbers = std::vector<double>;

Numbers elements(const Tensor& t) { return t.to_vector<double>(); }
double dot(const Tensor& a, const Tensor& b) {
  return no_grad([&] { return sum(a.detach() * b.detach()).item(); });
}

Tensor rosenbrock(const Tensor& x) {
  const Tensor head = slice(x, {{0, -1}}), tail = slice(x, {{1, none}});
  return sum(100 * square(tail - square(head)) + square(1 - head));
}

/// Two layers, of all weights in one vector: 3 -> 4 -> 2.
Tensor net_loss(const Tensor& weights, const Tensor& x, const Tensor& y) {
  const Tensor w1 = reshape(slice(weights, {{0, 12}}), {3, 4}), b1 = slice(weights, {{12, 16}});
  const Tensor w2 = reshape(slice(weights, {{16, 24}}), {4, 2}), b2 = slice(weights, {{24, 26}});
  return mse_loss(affine(tanh(affine(x, w1, b1)), w2, b2), y);
}

/// A program of n steps, chosen by a seed, from (4,) and (3, 4) to (3, 4).
Tensor random_program(std::uint64_t seed, const Tensor& a, const Tensor& b) {
  Random random(seed);
  Tensors values{a, b, a * b};
  for (int step = 0; step < 12; ++step) {
    const auto pick = [&] {
      return values[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(values.size())))];
    };
    const Tensor x = pick(), y = pick();
    switch (random.below(9)) {
      case 0: values.push_back(x + y); break;
      case 1: values.push_back(x * y); break;
      case 2: values.push_back(tanh(x)); break;
      case 3: values.push_back(x / (2.0 + square(y))); break;
      case 4: values.push_back(exp(-square(x))); break;
      case 5: values.push_back(softmax(x, -1)); break;
      case 6: values.push_back(where(x > y, x, 0.5 * y)); break;
      case 7: values.push_back(cumsum(x, -1)); break;
      default: values.push_back(x - mean(y)); break;
    }
  }
  Tensor all = values[2];
  for (const Tensor& value : values) all = all + value * 0.3;
  return all;
}

}  // namespace

TEST_CASE("transforms: gradients in both forms", "[transforms]") {
  const Tensor x = tensor({1, 2, 3}, float64), y = tensor(2, float64);
  const auto f = [](const Tensor& v) { return sum(v * v * v); };
  CHECK(elements(grad(f)(x)) == Numbers{3, 12, 27});
  CHECK_FALSE(grad(f)(x).requires_grad());
  const auto both = value_and_grad(f)(x);
  CHECK(both.value.item() == 36);
  CHECK_FALSE(both.value.requires_grad());
  CHECK(elements(both.grad) == Numbers{3, 12, 27});
  const auto g = [](const Tensors& in) { return sum(in[0] * in[0]) * in[1]; };
  const Tensors several = grad(g)({x, y});
  CHECK(elements(several[0]) == Numbers{4, 8, 12});
  CHECK(several[1].item() == 14);
  CHECK(value_and_grad(g)({x, y}).value.item() == 28);
  // Variables are as good, and are left alone.
  const Tensor v = variable(x);
  CHECK(elements(grad(f)(v)) == Numbers{3, 12, 27});
  CHECK_FALSE(v.grad().defined());
  CHECK(elements(grad([&](const Tensor& u) { return sum(u * v); })(v)) == Numbers{1, 2, 3});  // v itself is not u
  // Zero where nothing depends on x.
  CHECK(elements(grad([&](const Tensor&) { return tensor(1, float64); })(x)) == Numbers{0, 0, 0});
  CHECK(elements(grad([&](const Tensor&) { return sum(v * 2.0); })(x)) == Numbers{0, 0, 0});
  CHECK(elements(grad([](const Tensor& u) { return sum(u); })(x)) == Numbers{1, 1, 1});
  CHECK(grad([](const Tensor& u) { return u; })(y).item() == 1);
}

TEST_CASE("transforms: Rosenbrock", "[transforms]") {
  const Tensor x = tensor({-1.2, 1, 0.5}, float64);
  const Numbers at = elements(x);
  const auto d = [&](std::size_t i) {
    double g = 0;
    if (i < 2) g += -400 * at[i] * (at[i + 1] - at[i] * at[i]) - 2 * (1 - at[i]);
    if (i > 0) g += 200 * (at[i] - at[i - 1] * at[i - 1]);
    return g;
  };
  const Tensor g = grad(rosenbrock)(x);
  for (std::size_t i = 0; i < 3; ++i) CHECK(elements(g)[i] == Approx(d(i)).epsilon(1e-13));
  const Tensor h = hessian(rosenbrock, x);
  const Tensor expected =
      tensor({{1200 * 1.44 - 400 + 2, 480, 0}, {480, 1200 - 200 + 2 + 200, -400}, {0, -400, 200}}, float64);
  check_close(h, expected, 1e-13);
  const Tensor v = tensor({1, -2, 3}, float64);
  check_close(hvp(rosenbrock, x, v), matmul(h, v), 1e-13);
  check_close(jvp(grad(rosenbrock), x, v).tangent, matmul(h, v), 1e-13);
}

TEST_CASE("transforms: Newton's method converges quadratically", "[transforms]") {
  const auto f = [](const Tensor& x) { return rosenbrock(x) + sum(exp(0.1 * x)); };
  Tensor x = tensor({1.1, 1.2}, float64);
  Numbers sizes;
  for (int step = 0; step < 12; ++step) {
    const Numbers g = elements(grad(f)(x)), h = elements(hessian(f, x)), at = elements(x);
    const double determinant = h[0] * h[3] - h[1] * h[2];
    const double dx = (h[3] * g[0] - h[1] * g[1]) / determinant, dy = (h[0] * g[1] - h[2] * g[0]) / determinant;
    sizes.push_back(std::hypot(dx, dy));
    x = tensor({at[0] - dx, at[1] - dy}, float64);
    if (sizes.back() < 1e-12) break;
  }
  CHECK(sizes.back() < 1e-12);
  CHECK(sizes.size() <= 9);
  for (std::size_t i = 1; i < sizes.size(); ++i)
    if (sizes[i - 1] < 1e-2 && sizes[i] > 1e-14) CHECK(sizes[i] < 300 * sizes[i - 1] * sizes[i - 1] + 1e-14);
}

TEST_CASE("transforms: derivatives to order 6", "[transforms]") {
  struct Row {
    const char* name;
    Tensor (*f)(const Tensor&);
    double at;
    double derivatives[7];
  };
  const double e = std::exp(0.3);
  // s(x) = 1 / (1 + x^2) at 0.5, from its partial fractions: (-1)^n n! Im((x - i)^-(n + 1)).
  Row rows[] = {
      {"exp", [](const Tensor& x) { return exp(x); }, 0.3, {e, e, e, e, e, e, e}},
      {"x^5", [](const Tensor& x) { return x * x * x * x * x; }, 2, {32, 80, 160, 240, 240, 120, 0}},
      {"1 / (1 + x^2)", [](const Tensor& x) { return 1 / (1 + x * x); }, 0.5, {}},
      {"log", [](const Tensor& x) { return log(x); }, 2, {std::log(2.0), 0.5, -0.25, 0.25, -0.375, 0.75, -1.875}},
  };
  double factor = 1;
  for (int n = 0; n <= 6; ++n) {
    const double angle = std::atan2(1, 0.5) * (n + 1), size = std::pow(1.25, -0.5 * (n + 1));
    rows[2].derivatives[n] = factor * size * std::sin(angle);
    factor *= -(n + 1);
  }
  for (const Row& row : rows) {
    Function f = row.f;
    for (int order = 0; order <= 6; ++order) {
      INFO(row.name << " order " << order);
      const Tensor x = tensor(row.at, float64);
      CHECK(f.call({x}, Site::here())[0].item() == Approx(row.derivatives[order]).epsilon(1e-11).margin(1e-11));
      f = Function(grad(f));
    }
  }
}

TEST_CASE("transforms: the Hessian of a net is the difference of its gradients", "[transforms]") {
  const Tensor weights = random_tensor({26}, -0.7, 0.7), x = random_tensor({5, 3}),
               y = random_tensor({5, 2}, -1, 1, float64, 2);
  const auto loss = [&](const Tensor& w) { return net_loss(w, x, y); };
  const Tensor h = hessian(loss, weights);
  REQUIRE(h.shape() == Shape{26, 26});
  check_close(h, transpose(h), 1e-13);
  const double step = 1e-5;
  for (std::int64_t i = 0; i < 26; ++i) {
    Tensor up = weights.clone(), down = weights.clone();
    up.mutable_data<double>()[i] += step;
    down.mutable_data<double>()[i] -= step;
    const Tensor row = (grad(loss)(up) - grad(loss)(down)) / (2 * step);
    check_close(slice(h, {i}), row, 1e-8);
  }
  const Tensor v = random_tensor({26}, -1, 1, float64, 3);
  check_close(hvp(loss, weights, v), matmul(h, v), 1e-13);
  check_close(jacobian(grad(loss), weights, JacobianMode::forward), h, 1e-13);
}

TEST_CASE("transforms: Jacobians forward and in reverse", "[transforms]") {
  const Tensor m = random_tensor({5, 3});
  const auto tall = [&](const Tensor& x) { return tanh(matmul(m, x)) * exp(mean(x)); };  // 3 -> 5
  const auto wide = [&](const Tensor& x) { return softmax(matmul(x, m), 0); };           // 5 -> 3
  const auto matrix = [&](const Tensor& x) { return matmul(x, square(x)); };
  const auto scalar = [&](const Tensor& x) { return sum(x * x); };
  const auto spread = [&](const Tensor& x) { return x * tensor({1, 2, 3, 4}, float64); };  // 0-d -> 4
  const auto check = [](const Function& f, const Tensor& x) {
    const Tensor reverse = jacobian(f, x, JacobianMode::reverse);
    check_close(jacobian(f, x, JacobianMode::forward), reverse, 1e-13);
    check_close(jacobian(f, x), reverse, 1e-13);
    CHECK_FALSE(reverse.requires_grad());
    return reverse.shape();
  };
  CHECK(check(tall, random_tensor({3})) == Shape{5, 3});
  CHECK(check(wide, random_tensor({5})) == Shape{3, 5});
  CHECK(check(matrix, random_tensor({2, 2})) == Shape{2, 2, 2, 2});
  CHECK(check(scalar, random_tensor({3})) == Shape{3});
  CHECK(check(spread, tensor(3, float64)) == Shape{4});
  CHECK(check([](const Tensor& x) { return exp(x); }, tensor(3, float64)) == Shape{});
  CHECK(elements(jacobian(spread, tensor(3, float64))) == Numbers{1, 2, 3, 4});
  CHECK(jacobian(tall, tensor({1, 2, 3}, float64)).shape() == Shape{5, 3});
  CHECK(jacobian([](const Tensor& x) { return slice(x, {{0, 0}}); }, random_tensor({3})).shape() == Shape{0, 3});
  CHECK(elements(jacobian([](const Tensor&) { return ones({2}, float64); }, random_tensor({2}))) ==
        Numbers{0, 0, 0, 0});
}

/// A sweep of all rows against a sweep for each.
void check_rows(const Function& f, const Tensor& x) {
  const auto [y, pull_back] = vjp(f, x);
  const Tensor rows = reshape(jacobian(f, x, JacobianMode::reverse), {y.size(), x.size()});
  for (std::int64_t k = 0; k < y.size(); ++k) {
    Tensor unit = zeros({y.size()}, float64);
    unit.mutable_data<double>()[k] = 1;
    check_close(slice(rows, {{k, k + 1}}), reshape(pull_back(reshape(unit, y.shape())), {1, x.size()}));
  }
}

TEST_CASE("transforms: the rows of a Jacobian, at once and one by one", "[transforms]") {
  for (const OpRow& row : op_table()) {
    if (!row.differentiable) continue;
    const Tensors in = constants(row);
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (!in[i].defined() || in[i].dtype() != float64) continue;
      INFO(title(row) << ", argument " << i + 1);
      const auto f = [&](const Tensor& x) {
        Tensors arguments = in;
        arguments[i] = x;
        const Tensor y = row.call(arguments);
        return y * y + y;
      };
      check_rows(f, in[i]);
    }
  }
  const Tensor w = random_tensor({4, 3}), b = random_tensor({4}), v = random_tensor({2, 3});
  const auto layers = [&](const Tensor& x) { return linear(tanh(linear(x * v, w, b)), random_tensor({3, 4})); };
  check_rows(layers, random_tensor({3}));     // of a broadcast input
  check_rows(layers, random_tensor({2, 3}));  // of a batch
  check_rows([&](const Tensor& x) { return linear(v, reshape(x, {4, 3}) * x * x, b); }, random_tensor({4, 3}));
  check_rows([](const Tensor& x) { return tensor({1, 2, 3}, float64) * (x * x / exp(x)) + x; }, tensor(0.5, float64));
  check_rows([&](const Tensor& x) { return linear(x, w, b); }, random_tensor({3}));
  check_rows([&](const Tensor& x) { return affine(x, w); }, random_tensor({1, 4}));
  check_rows([](const Tensor& x) { return linear(x, x * x); }, random_tensor({2, 3}));
  check_rows([&](const Tensor& x) { return linear(cumsum(x, 0) * x, w); }, random_tensor({3}));
  Tensor slope = jacobian([&](const Tensor& x) { return linear(x, w); }, random_tensor({3}));
  slope.mutable_data<double>()[0] = 7;  // not an element of the weights
  CHECK(same_bits(w, random_tensor({4, 3})));
  check_rows([](const Tensor& x) { return x; }, random_tensor({2, 2}));
  const auto shared = [](const Tensor& x) {  // a gradient that two values share when a row of one is added to
    const Tensor y = tanh(x), z = exp(x), sums = cumsum(y, 0);
    return y + z + sums;
  };
  check_rows(shared, random_tensor({3}));

  // More than fits into one sweep.
  const Tensor many = random_tensor({2100}), diagonal = jacobian([](const Tensor&x) { return x * x; }, many);
  const double* d = diagonal.data<double>();
  for (std::int64_t i = 0; i < 2100; ++i) CHECK(d[i * 2101] == 2 * many.data<double>()[i]);
  CHECK(sum(abs(diagonal)).item() == Approx(2 * sum(abs(many)).item()));
}

TEST_CASE("transforms: <u, J v> is <J' u, v> for random programs", "[transforms]") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    INFO("program " << seed);
    const Tensors xs{random_tensor({4}, -1, 1, float64, seed), random_tensor({3, 4}, -1, 1, float64, seed + 100)};
    const Tensors vs{random_tensor({4}, -1, 1, float64, seed + 200), random_tensor({3, 4}, -1, 1, float64, seed + 300)};
    const Tensor u = random_tensor({3, 4}, -1, 1, float64, seed + 400);
    const auto f = [&](const Tensors& in) { return random_program(seed, in[0], in[1]); };
    const auto back = vjp(f, xs);
    const auto forward = jvp(f, xs, vs);
    const auto linear = linearize(f, xs);
    CHECK(same_bits(back.value, f(xs)));
    CHECK(same_bits(forward.value, f(xs)));
    CHECK(same_bits(linear.value, f(xs)));
    const Tensors g = back.pull_back(u);
    CHECK(dot(u, forward.tangent) == Approx(dot(g[0], vs[0]) + dot(g[1], vs[1])).epsilon(1e-11).margin(1e-12));
    CHECK(same_bits(linear.push_forward(vs), forward.tangent));
    // Again, and linear.
    CHECK(same_bits(back.pull_back(u)[1], g[1]));
    CHECK(same_bits(back.pull_back(u * 2.0)[0], g[0] * 2.0));
    CHECK(same_bits(linear.push_forward({vs[0] * 2.0, vs[1] * 2.0}), forward.tangent * 2.0));
    const Tensors zero = back.pull_back(zeros({3, 4}, float64));
    CHECK(dot(zero[1], zero[1]) == 0);
    // The directional derivative.
    const double step = 1e-5;
    const Tensor up = f({xs[0] + step * vs[0], xs[1] + step * vs[1]});
    const Tensor down = f({xs[0] - step * vs[0], xs[1] - step * vs[1]});
    if (dot(f(xs), f(xs)) < 1e6) check_close((up - down) / (2 * step), forward.tangent, 1e-4);
  }
}

TEST_CASE("transforms: on a tape that records, results can be differentiated", "[transforms]") {
  const Tensor w = variable(tensor({1, 2}, float64)), x = tensor({3, -1}, float64),
               v = variable(tensor({1, 5}, float64));
  const auto f = [&](const Tensor& at) { return sum(w * at * at * at); };
  Tape tape;
  {
    const Tensor slope = grad(f)(x);  // 3 w x^2: x is a constant, w is not
    CHECK(elements(slope) == Numbers{27, 6});
    CHECK(elements(tape.gradient(sum(slope), w)) == Numbers{27, 3});
  }
  {
    const Tensor h = w * 2.0;  // a value of this tape as the argument, and w in f
    const auto [value, slope] = value_and_grad(f)(h);
    CHECK(value.item() == 8 + 128);
    CHECK(elements(slope) == Numbers{12, 96});                          // 3 w h^2
    CHECK(elements(tape.gradient(value, w)) == Numbers{32, 256});       // d 8 w^4
    CHECK(elements(tape.gradient(sum(slope), w)) == Numbers{36, 144});  // d 12 w^3
  }
  {
    const Tensor push = jvp(f, w * 1.0, v).tangent;  // sum 3 w w^2 v
    CHECK(push.item() == 3 + 120);
    CHECK(elements(tape.gradient(push, w)) == Numbers{9, 180});
    CHECK(elements(tape.gradient(push, v)) == Numbers{3, 24});
    const auto linear = linearize(f, w);
    CHECK(elements(tape.gradient(linear.push_forward(v), w)) == Numbers{9, 180});
    const auto back = vjp([&](const Tensor& at) { return w * square(at); }, w);  // 2 w w u
    CHECK(elements(tape.gradient(sum(back.pull_back(v)), w)) == Numbers{4, 40});
    CHECK(elements(tape.gradient(sum(back.pull_back(v)), v)) == Numbers{2, 8});
    CHECK(elements(no_grad([&] { return back.pull_back(v); })) == Numbers{2, 40});
  }
  {
    const Tensor j = jacobian([&](const Tensor&at) { return w * square(at); }, w), h = hessian(f, w);
    CHECK(elements(j) == Numbers{2, 0, 0, 8});
    CHECK(elements(h) == Numbers{6, 0, 0, 24});
    CHECK(elements(tape.gradient(sum(j), w)) == Numbers{4, 8});    // 2 w^2
    CHECK(elements(tape.gradient(sum(h), w)) == Numbers{12, 24});  // 6 w^2
    const Tensor several = jacobian([&](const Tensor& at) { return stack({at, w * at, square(at)}); }, w);
    CHECK(elements(tape.gradient(sum(several), w)) == Numbers{3, 3});
    CHECK(elements(hvp(f, w, v)) == Numbers{6, 120});
    CHECK(elements(tape.gradient(sum(hvp(f, w, v)), v)) == Numbers{6, 24});
  }
  // A function that takes a gradient inside.
  const auto penalty = [&](const Tensor& at) { return sum(square(grad(f)(at))); };  // 9 w^2 x^4
  CHECK(elements(grad(penalty)(x)) == Numbers{36 * 27, 36 * -4});
  CHECK(elements(tape.gradient(penalty(x), w)) == Numbers{18 * 81, 36});
  CHECK(elements(no_grad([&] { return grad(penalty)(x); })) == Numbers{36 * 27, 36 * -4});
}

TEST_CASE("transforms: what is recorded outside counts as a constant while recording is paused", "[transforms]") {
  const Tensor w = variable(tensor({1, 2}, float64));
  Tape tape;
  const Tensor h = w * 3.0, number = sum(h);
  const auto f = [&](const Tensor& x) { return sum(x * x * h) * number; };
  const auto size = tape.size();
  const Tensor slope = no_grad([&] { return grad(f)(h); });
  CHECK(elements(slope) == Numbers{9 * 2 * 9, 9 * 2 * 36});
  CHECK_FALSE(slope.requires_grad());
  CHECK(tape.size() == size);
  CHECK(elements(tape.gradient(number, w)) == Numbers{3, 3});
}

TEST_CASE("transforms: what vjp and linearize return outlives other tapes", "[transforms]") {
  const Tensor x = tensor({1, 2}, float64), w = variable(tensor({3, 4}, float64));
  const auto f = [&](const Tensor& at) { return at * at * w; };
  auto linear = linearize(f, x);
  auto back = vjp(f, x);
  CHECK_FALSE((w * x).requires_grad());  // nothing records
  {
    Tape tape;
    const Tensor y = w * x;
    CHECK(elements(linear.push_forward(x)) == Numbers{6, 32});
    CHECK(elements(back.pull_back(x)) == Numbers{6, 32});
    CHECK(elements(tape.gradient(sum(y), w)) == Numbers{1, 2});
    CHECK_THAT(error_here<GraphError>([&] { back.pull_back(y); }),
               contains("vjp: it was made while nothing was recorded"));
    CHECK(elements(back.pull_back(y.detach())) == Numbers{18, 128});
    const auto copy = back;
    back = vjp(f, x);
    CHECK(elements(copy.pull_back(x)) == Numbers{6, 32});
  }
  CHECK(elements(linear.push_forward(x)) == Numbers{6, 32});
  // One that was made on a tape needs it.
  auto on_tape = [&] {
    Tape tape;
    return vjp(f, x);
  }();
  CHECK_THAT(error_here<GraphError>([&] { on_tape.pull_back(x); }), contains("vjp: the tape it was made on is gone"));
  CHECK_FALSE(on_tape.value.requires_grad());
}

TEST_CASE("transforms: stop_gradient", "[transforms]") {
  const Tensor x = tensor({1, 2}, float64);
  CHECK(elements(grad([](const Tensor& v) { return sum(v * stop_gradient(v)); })(x)) == Numbers{1, 2});
}

}  // namespace xgrad::tests
