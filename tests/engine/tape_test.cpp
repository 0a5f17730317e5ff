// What a tape records, when, and what its gradients are.
#include <xgrad/engine/error.hpp>
#include <xgrad/engine/tape.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/div.hpp>
#include <xgrad/ops/exp.hpp>
#include <xgrad/ops/greater.hpp>
#include <xgrad/ops/log.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/neg.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/sigmoid.hpp>
#include <xgrad/ops/square.hpp>
#include <xgrad/ops/sub.hpp>
#include <xgrad/ops/tanh.hpp>
#include <xgrad/ops/where.hpp>

#include <cmath>
#include <functional>
#include <memory>

#include "catch.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

using Numbers = std::vector<double>;

Tensor number(double x) { return variable(x, float64); }
Tensor numbers(const NestedList& x) { return variable(tensor(x, float64)); }
Numbers elements(const Tensor& t) { return t.to_vector<double>(); }

}  // namespace

TEST_CASE("tape: records what variables take part in, and nothing else", "[tape]") {
  const Tensor x = numbers({1, 2}), c = tensor({3, 4}, float64);
  Tape tape;
  CHECK(tape.size() == 0);
  const Tensor constant = c * 2.0 + c;
  CHECK(tape.size() == 0);
  CHECK_FALSE(constant.requires_grad());
  const Tensor y = x * c;
  CHECK(tape.size() == 2);  // the leaf, the product
  CHECK(y.requires_grad());
  CHECK_FALSE(y.is_leaf());
  const Tensor z = y + x;
  CHECK(tape.size() == 3);
  CHECK_FALSE((x > c).requires_grad());
  CHECK(tape.size() == 3);
}

TEST_CASE("tape: a leaf that is used again accumulates", "[tape]") {
  const Tensor x = GENERATE(as<Tensor>(), number(3), numbers({3, 3}));
  Tape tape;
  const Tensor seed = ones(x.shape(), float64);
  CHECK(tape.gradient(x * x * x, x, {.seed = seed}).to_vector<double>()[0] == 27);
  CHECK(tape.gradient(x + x, x, {.seed = seed}).to_vector<double>()[0] == 2);
  CHECK(tape.gradient(x - x, x, {.seed = seed}).to_vector<double>()[0] == 0);
  CHECK(tape.gradient(x / x, x, {.seed = seed}).to_vector<double>()[0] == 0);
  CHECK(tape.gradient(where(x > x, x, x), x, {.seed = seed}).to_vector<double>()[0] == 1);
}

TEST_CASE("tape: diamonds", "[tape]") {
  // a = x y, b = a + x, c = a b, d = a - b, e = c d
  const auto check = [](const Tensor& x, const Tensor& y) {
    Tape tape;
    const Tensor a = x * y, b = a + x, c = a * b, d = a - b, e = c * d;
    // e = (x^2 y^2 + x^2 y) (-x)
    const auto g = tape.gradient(e, {x, y, a, b}, {.seed = ones(e.shape(), float64)});
    CHECK(elements(g[0])[0] == Approx(-3 * 4.0 * (9 + 3)));
    CHECK(elements(g[1])[0] == Approx(-8 * (2 * 3.0 + 1)));
    CHECK(elements(g[2])[0] == Approx(-2 * 2 * 6 - 2 * 2));  // through b as well: a (a + x) (-x)
    CHECK(elements(g[3])[0] == Approx(6 * (6 - 2 * 8)));
  };
  check(number(2), number(3));
  check(numbers({2, 1}), numbers({3, 1}));
  check(numbers({2, 0}), number(3));
}

TEST_CASE("tape: paths double with every level, work does not", "[tape]") {
  const Tensor x = number(1), v = numbers({1, 1});
  Tape tape;
  Tensor y = x, w = v;
  for (int i = 0; i < 60; ++i) y = y + y, w = w + w;
  CHECK(tape.gradient(y, x).item() == 0x1p60);
  CHECK(elements(tape.gradient(w, v, {.seed = ones({2}, float64)})) == Numbers{0x1p60, 0x1p60});
}

TEST_CASE("tape: backward adds to grad, gradient touches nothing", "[tape]") {
  const Tensor x = GENERATE(as<Tensor>(), number(3), numbers({{3}}));
  Tensor leaf = x;
  leaf.zero_grad();
  {
    Tape tape;
    const Tensor y = x * x;
    CHECK(tape.gradient(y, x).item() == 6);
    CHECK_FALSE(x.grad().defined());
    y.backward();
    CHECK(x.grad().item() == 6);
    CHECK(x.grad().shape() == x.shape());
  }
  {
    Tape tape;
    (x * 10.0).backward();
    CHECK(x.grad().item() == 16);
    tape.backward(x * 1.0);
    CHECK(x.grad().item() == 17);
  }
  leaf.zero_grad();
  CHECK_FALSE(x.grad().defined());
  leaf.set_grad(full(x.shape(), 100, float64));
  Tape tape;
  (x + x).backward();
  CHECK(x.grad().item() == 102);
}

TEST_CASE("tape: a gradient handed out earlier does not change", "[tape]") {
  const Tensor x = numbers({1, 2});
  const auto run = [&] {
    Tape tape;
    (x * 3.0).backward(ones({2}, float64));
  };
  run();
  const Tensor first = x.grad();
  run();
  CHECK(elements(first) == Numbers{3, 3});
  CHECK(elements(x.grad()) == Numbers{6, 6});
}

TEST_CASE("tape: backward stops at variables of no interest and leaves the others alone", "[tape]") {
  const Tensor x = number(2), unused = number(5);
  Tape tape;
  const Tensor other = unused * 2.0, y = x * x;
  y.backward();
  CHECK(x.grad().item() == 4);
  CHECK_FALSE(unused.grad().defined());
  CHECK(other.item() == 10);
}

TEST_CASE("tape: gradient for anything recorded, and zeros where y does not depend on it", "[tape]") {
  const Tensor x = numbers({1, 2}), unused = numbers({{1, 2, 3}}), elsewhere = number(4), single = variable(2.0);
  Tape tape;
  const Tensor side = unused * 2.0;
  const Tensor a = x * 2.0, y = a * a;
  const Tensor later = y * 5.0;
  const auto g = tape.gradient(y, {y, a, x, unused, side, elsewhere, later, single, a}, {.seed = ones({2}, float64)});
  CHECK(elements(g[0]) == Numbers{1, 1});
  CHECK(elements(g[1]) == Numbers{4, 8});
  CHECK(elements(g[2]) == Numbers{8, 16});
  CHECK(elements(g[3]) == Numbers{0, 0, 0});
  CHECK(g[3].shape() == Shape{1, 3});
  CHECK(elements(g[4]) == Numbers{0, 0, 0});
  CHECK(g[5].item() == 0);
  CHECK(elements(g[6]) == Numbers{0, 0});
  CHECK(g[7].dtype() == float32);
  CHECK(elements(g[8]) == Numbers{4, 8});
  for (const Tensor& t : g) CHECK_FALSE(t.requires_grad());
}

TEST_CASE("tape: the same question has the same answer", "[tape]") {
  const Tensor x = random_variable({4, 5}), y = random_variable({5}, -1, 1, float64, 2), s = number(0.3);
  Tape tape;
  const Tensor z = tanh(x * y + s) * exp(s * x) / (2.0 + y);
  const Tensor seed = random_tensor({4, 5}, -1, 1, float64, 3);
  const auto all = tape.gradient(z, {x, y, s}, {.seed = seed});
  for (int i = 0; i < 3; ++i) {
    const auto again = tape.gradient(z, {x, y, s}, {.seed = seed});
    for (std::size_t k = 0; k < 3; ++k) CHECK(same_bits(all[k], again[k]));
  }
  // Whatever else is asked for, or left out.
  CHECK(same_bits(tape.gradient(z, y, {.seed = seed}), all[1]));
  CHECK(same_bits(tape.gradient(z, s, {.seed = seed}), all[2]));
  CHECK(same_bits(tape.gradient(z, {z, x}, {.seed = seed})[1], all[0]));
  tape.backward(z, seed, true);
  CHECK(same_bits(x.grad(), all[0]));
  CHECK(same_bits(s.grad(), all[2]));
}

TEST_CASE("tape: gradients share elements with nobody", "[tape]") {
  // a + b passes its upstream gradient through unchanged; a reshape looks at the same elements.
  const Tensor a = numbers({1, 2}), b = numbers({3, 4}), m = numbers({{5, 6}});
  const Tensor seed = variable(tensor({1, 10}, float64));
  Tape tape;
  const Tensor y = a + b + reshape(m, {2});
  auto g = tape.gradient(y, {a, b, m}, {.seed = seed});
  g[0].mutable_data<double>()[0] = 77;
  CHECK(elements(g[1]) == Numbers{1, 10});
  CHECK(elements(g[2]) == Numbers{1, 10});
  CHECK(elements(seed) == Numbers{1, 10});
  tape.backward(y, seed);
  a.grad().mutable_data<double>()[0] = 77;
  CHECK(elements(b.grad()) == Numbers{1, 10});
  CHECK(elements(m.grad()) == Numbers{1, 10});
  CHECK(elements(seed) == Numbers{1, 10});
}

TEST_CASE("tape: a shared gradient is not added into in place", "[tape]") {
  const Tensor x = numbers({{1, 2}}), w = numbers({3, 4});
  const Tensor seed = tensor({1, 10}, float64);
  {
    // On the way down x meets the sum's gradient by way of the reshape first, then its square's.
    Tape tape;
    const Tensor y = square(x), z = reshape(x, {2}) + w + reshape(y, {2});
    const auto g = tape.gradient(z, {x, w}, {.seed = seed});
    CHECK(elements(g[0]) == Numbers{3, 50});
    CHECK(elements(g[1]) == Numbers{1, 10});
  }
  {
    // The last user of an upstream gradient may overwrite it, unless it is a view of what others still need.
    Tape tape;
    const Tensor a = w * 2.0, z = reshape(square(reshape(a, {1, 2})), {2}) + a;
    const auto g = tape.gradient(z, {w, a}, {.seed = seed});
    CHECK(elements(g[1]) == Numbers{13, 170});
    CHECK(elements(g[0]) == Numbers{26, 340});
  }
  // A variable as seed keeps its value.
  const Tensor v = variable(tensor({2, 3}, float64));
  Tape tape;
  tape.gradient(exp(w), w, {.seed = v});
  CHECK(elements(v) == Numbers{2, 3});
  CHECK(elements(seed) == Numbers{1, 10});
}

TEST_CASE("tape: retain_grad leaves the gradient of an intermediate", "[tape]") {
  const Tensor x = GENERATE(as<Tensor>(), number(3), numbers({{3}}));
  Tape tape;
  Tensor a = x * 2.0, b = a * a, y = b + a;
  a.retain_grad();
  b.retain_grad();
  b.retain_grad();
  y.retain_grad();
  const Tensor same = a;
  CHECK_FALSE(a.grad().defined());
  y.backward(Tensor(), true);
  CHECK(a.grad().item() == 13);
  CHECK(same.grad().item() == 13);
  CHECK(b.grad().item() == 1);
  CHECK(y.grad().item() == 1);
  CHECK(x.grad().item() == 26);
  y.backward();
  CHECK(a.grad().item() == 26);
  a.zero_grad();
  CHECK_FALSE(a.grad().defined());
  // gradient() leaves nothing.
  const Tensor z = x * 5.0;
  tape.gradient(z, x);
  CHECK_FALSE(z.grad().defined());
  Tensor leaf = x;
  CHECK_NOTHROW(leaf.retain_grad());  // it has one anyway
  Tensor constant = tensor(1);
  CHECK_THAT(error_of<GraphError>([&] { constant.retain_grad(); }), contains("retain_grad: not a value recorded"));
}

TEST_CASE("tape: tapes nest, the innermost records", "[tape]") {
  const Tensor x = number(3);
  Tape outer;
  const Tensor y = x * x;
  {
    Tape inner;
    const Tensor z = x * 5.0;
    CHECK(inner.size() == 2);
    CHECK(outer.size() == 2);
    CHECK(inner.gradient(z, x).item() == 5);
    CHECK(outer.gradient(y, x).item() == 6);  // asked from within
    CHECK_THAT(error_here<GraphError>([&] { return y * z; }),
               contains("mul: a value recorded on an outer tape meets the inner one"));
    CHECK((y.detach() * z).item() == 135);
    CHECK_THAT(error_of<GraphError>([&] { inner.gradient(y, x); }), contains("an outer tape meets the inner one"));
    CHECK_THAT(error_of<GraphError>([&] { outer.gradient(z, x); }), contains("an inner tape meets the outer one"));
    z.backward();
    y.backward(Tensor(), true);
    CHECK(x.grad().item() == 11);
  }
  const Tensor w = y * 2.0;
  CHECK(outer.size() == 3);
  CHECK(outer.gradient(w, x).item() == 12);
}

TEST_CASE("tape: may end in any order", "[tape]") {
  const Tensor x = number(3);
  auto first = std::make_unique<Tape>(), second = std::make_unique<Tape>(), third = std::make_unique<Tape>();
  second.reset();
  CHECK(third->gradient(x * x, x).item() == 6);
  first.reset();
  CHECK(third->gradient(x * x, x).item() == 6);
  third.reset();
  CHECK_FALSE((x * x).requires_grad());
  Tape again;
  CHECK(again.gradient(x * x, x).item() == 6);
}

TEST_CASE("tape: no_grad pauses", "[tape]") {
  const Tensor x = number(3);
  Tape tape;
  const Tensor y = no_grad([&] { return x * x; });
  CHECK(tape.size() == 0);
  CHECK_FALSE(y.requires_grad());
  {
    NoGrad outer;
    { NoGrad inner; }
    CHECK_FALSE((x * x).requires_grad());
    Tape within;
    CHECK((x * x).requires_grad());
  }
  CHECK((x * x).requires_grad());
  CHECK(error_of<ValueError>([&] { no_grad([&] { throw ValueError("out"); }); }) == "out");
  const Tensor z = x * x * y;  // y is a constant
  CHECK(tape.gradient(z, x).item() == 54);
  // A derivative can be asked for while recording is paused, also one that is itself recorded.
  const Tensor g = no_grad([&] { return tape.gradient(z, x, {.create_graph = true}); });
  CHECK(tape.gradient(g, x).item() == 18);
}

TEST_CASE("tape: detach cuts", "[tape]") {
  const Tensor x = numbers({2, 3});
  Tape tape;
  const Tensor y = x * x.detach(), z = (x * x).detach();
  CHECK(elements(tape.gradient(y, x, {.seed = ones({2}, float64)})) == Numbers{2, 3});
  CHECK_FALSE(z.requires_grad());
  CHECK(elements(z) == Numbers{4, 9});
  CHECK(z.detach().data<double>() == z.data<double>());
  CHECK_FALSE(Tensor().detach().defined());
}

TEST_CASE("tape: a branch that is not taken adds nothing, not even zero times infinity", "[tape]") {
  const Tensor x = GENERATE(as<Tensor>(), number(0), numbers({0, 0}));
  Tape tape;
  const Tensor bad = log(x), good = exp(x);
  const Tensor seed = ones(x.shape(), float64);
  CHECK(elements(tape.gradient(good, x, {.seed = seed}))[0] == 1);
  CHECK(elements(tape.gradient(where(x > 0.0, bad, good), good, {.seed = seed}))[0] == 1);
  CHECK_FALSE(std::isfinite(elements(tape.gradient(bad, x, {.seed = seed}))[0]));
  CHECK(elements(tape.gradient(good, x, {.seed = seed}))[0] == 1);  // what was found before is forgotten
}

TEST_CASE("tape: a gradient of zero is not the same as none", "[tape]") {
  const Tensor x = number(0);
  Tape tape;
  // The zero reaches 1/x at 0, as a product of derivatives says: 0 * inf is nan.
  const Tensor y = (1.0 / x) * 0.0;
  CHECK(std::isnan(tape.gradient(y, x).item()));
}

TEST_CASE("tape: derivatives of derivatives", "[tape]") {
  struct Row {
    const char* name;
    Tensor (*f)(const Tensor&);
    double derivatives[5];  // at 0.5, orders 0 to 4
  };
  const double e = std::exp(0.5), t = std::tanh(0.5), u = 1 - t * t;
  const Row rows[] = {
      {"x^5", [](const Tensor& x) { return x * x * x * x * x; }, {1.0 / 32, 5.0 / 16, 20.0 / 8, 60.0 / 4, 60}},
      {"exp(x) x", [](const Tensor& x) { return exp(x) * x; }, {e / 2, 1.5 * e, 2.5 * e, 3.5 * e, 4.5 * e}},
      {"1 / x", [](const Tensor& x) { return 1.0 / x; }, {2, -4, 16, -96, 768}},
      {"log(x)", [](const Tensor& x) { return log(x); }, {std::log(0.5), 2, -4, 16, -96}},
      {"tanh(x)",
       [](const Tensor& x) { return tanh(x); },
       {t, u, -2 * t * u, u * (4 * t * t - 2 * u), u * (16 * t * u - 8 * t * t * t)}},
  };
  const bool array = GENERATE(false, true);
  for (const Row& row : rows) {
    const Tensor x = array ? numbers({{0.5, 0.5}, {0.5, 0.5}}) : number(0.5);
    const Tensor seed = ones(x.shape(), float64);
    Tape tape;
    Tensor y = row.f(x);
    for (int order = 0; order <= 4; ++order) {
      INFO(row.name << " order " << order << (array ? " array" : " 0-d"));
      CHECK(y.shape() == x.shape());
      for (double element : elements(y)) CHECK(element == Approx(row.derivatives[order]).epsilon(1e-12));
      if (order < 4) y = tape.gradient(y, x, {.create_graph = true, .seed = seed});
    }
  }
}

TEST_CASE("tape: a Hessian", "[tape]") {
  // f = x^2 y + exp(x z) + y z
  const Tensor v[] = {number(0.5), number(-1.5), number(2)};
  const Tensor &x = v[0], &y = v[1], &z = v[2];
  Tape tape;
  const Tensor f = x * x * y + exp(x * z) + y * z;
  const auto g = tape.gradient(f, {x, y, z}, {.create_graph = true});
  const double e = std::exp(1.0);
  CHECK(g[0].item() == Approx(-1.5 + 2 * e).epsilon(1e-14));
  CHECK(g[1].item() == Approx(2.25).epsilon(1e-14));
  CHECK(g[2].item() == Approx(0.5 * e - 1.5).epsilon(1e-14));
  const double expected[3][3] = {{-3 + 4 * e, 1, 2 * e}, {1, 0, 1}, {2 * e, 1, 0.25 * e}};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto row = tape.gradient(g[i], {x, y, z});
    for (std::size_t j = 0; j < 3; ++j) CHECK(row[j].item() == Approx(expected[i][j]).epsilon(1e-14).margin(1e-14));
  }
}

TEST_CASE("tape: a recorded gradient has the numbers of a plain one", "[tape]") {
  const Tensor x = random_variable({3, 4}), y = random_variable({4}, 0.5, 2, float64, 2), s = number(0.7);
  Tape tape;
  const Tensor z = sigmoid(x * y - s) * tanh(x) / y + exp(s * s);
  const Tensor seed = random_tensor({3, 4}, -1, 1, float64, 3);
  const auto plain = tape.gradient(z, {x, y, s}, {.seed = seed});
  const auto recorded = tape.gradient(z, {x, y, s}, {.create_graph = true, .seed = seed});
  for (std::size_t k = 0; k < 3; ++k)
    for (std::size_t i = 0; i < static_cast<std::size_t>(plain[k].size()); ++i)
      CHECK(elements(recorded[k])[i] == Approx(elements(plain[k])[i]).epsilon(1e-14));
}

TEST_CASE("tape: the upstream gradient of a recorded gradient can be a variable", "[tape]") {
  // The derivative of v . (J u) by u: forward mode out of two reverse sweeps.
  const Tensor x = numbers({1, 2, 3}), u = numbers({0, 0, 0});
  Tape tape;
  const Tensor g = tape.gradient(x * x * x, x, {.create_graph = true, .seed = u});
  const Tensor jvp = tape.gradient(g, u, {.seed = tensor({1, 1, 2}, float64)});
  CHECK(elements(jvp) == Numbers{3, 12, 54});
}

TEST_CASE("tape: variables may change in place between steps", "[tape]") {
  Tensor x = numbers({1, 2}), s = number(4);
  for (double factor : {1.0, 2.0, 4.0}) {
    Tape tape;
    const Tensor y = x * x * s;
    y.backward(ones({2}, float64));
    CHECK(elements(x.grad()) == Numbers{8 * factor * factor, 16 * factor * factor});
    x.zero_grad();
    x.assign(no_grad([&] { return x * 2.0; }));
    s.mutable_data<double>()[0] *= 2;
  }
}

TEST_CASE("tape: NoGrad may outlive the tape it paused", "[tape]") {
  const Tensor x = number(2);
  auto first = std::make_unique<Tape>();
  {
    const NoGrad pause;
    first.reset();
  }
  CHECK(!(x * x).requires_grad());
  Tape second;
  CHECK(second.gradient(x * 3.0, x).item() == 3);
}

TEST_CASE("tape: values that share elements keep gradients of their own", "[tape]") {
  const Tensor x = numbers({1, 2});
  const Tape tape;
  Tensor y = x * 3.0, z = reshape(y, y.shape());
  y.retain_grad();
  z.retain_grad();
  const Tensor both = y + z * 5.0;
  both.backward(ones({2}, float64));
  CHECK(elements(z.grad()) == Numbers{5, 5});
  CHECK(elements(y.grad()) == Numbers{6, 6});
}

TEST_CASE("tape: a variable's own elements as its gradient", "[tape]") {
  Tensor x = numbers({1, 2});
  x.set_grad(x);
  CHECK(elements(x.grad()) == Numbers{1, 2});
  Tape tape;
  x.zero_grad();
  x.backward(ones({2}, float64));
  CHECK(elements(x.grad()) == Numbers{1, 1});
}

TEST_CASE("tape: many variables, tape after tape", "[tape]") {
  std::vector<Tensor> many;
  for (int i = 0; i < 5000; ++i) many.push_back(number(i));
  for (const std::size_t count : {5000u, 3u, 200u, 5000u}) {
    Tape tape;
    Tensor sum = tensor(0, float64);
    for (std::size_t i = 0; i < count; ++i) sum = sum + many[i] * many[i];
    for (std::size_t i = 0; i < count; ++i) sum = sum + many[i];
    sum.backward();
    for (std::size_t i = 0; i < many.size(); ++i) {
      REQUIRE(many[i].grad().defined() == (i < count));
      if (i < count) REQUIRE(many[i].grad().item() == 2.0 * static_cast<double>(i) + 1);
      many[i].zero_grad();
    }
  }
}

TEST_CASE("tape: derivatives of derivatives through broadcasting", "[tape]") {
  // f = sum of c_i x^4 / 24 over the elements that x is broadcast to
  const Tensor c = tensor({{1, 2, 3}, {4, 5, 6}}, float64), seed = ones({2, 3}, float64);
  for (const Tensor& x : {number(2), numbers({2}), numbers({{2}, {2}})}) {
    const double sum = x.rank() == 2 ? 6 : 21;
    Tape tape;
    const Tensor f = c * x * x * x * x / 24.0;
    Tensor g = tape.gradient(f, x, {.create_graph = true, .seed = seed});
    const Tensor one = ones(x.shape(), float64);
    for (const double expected : {8.0 / 6, 2.0, 2.0, 1.0, 0.0, 0.0}) {  // where it has become constant it goes on
      CHECK(g.shape() == x.shape());
      CHECK(elements(g)[0] == Approx(sum * expected).epsilon(1e-14));
      g = tape.gradient(g, x, {.create_graph = true, .seed = one});
    }
  }
}

TEST_CASE("tape: a function of a gradient, through broadcasting", "[tape]") {
  // f = sum of c_i x^2 / 2, g = df/dx = s x, and the derivatives of g^2
  const Tensor c = tensor({{1, 2, 3}, {4, 5, 6}}, float64), x = GENERATE(as<Tensor>(), number(2), numbers({2}));
  Tape tape;
  const Tensor g = tape.gradient(c * x * x / 2.0, x, {.create_graph = true, .seed = ones({2, 3}, float64)});
  const Tensor first = tape.gradient(g * g, x, {.create_graph = true});
  CHECK(first.item() == 2 * 21 * 21 * 2);
  CHECK(tape.gradient(first, x).item() == 2 * 21 * 21);
}

TEST_CASE("tape: float32 sums of 0-d gradients round as an array's", "[tape]") {
  const auto gradient = [](const Tensor& leaf) {
    Tape tape;
    Tensor y = leaf * 0x1p-24;
    for (int i = 0; i < 3; ++i) y = y + leaf * 0x1p-24;
    return tape.gradient(y + leaf, leaf)
        .item();  // the last is the first to arrive: 1, and then too little to change it
  };
  CHECK(gradient(variable(tensor({1.0}))) == 1);
  CHECK(gradient(variable(tensor(1.0))) == 1);
}

TEST_CASE("tape: an error on the way leaves the tape as it was", "[tape]") {
  Tensor x = numbers({1, 2}), w = numbers({3, 4});
  Tape tape;
  const Tensor a = exp(w), b = x * w, y = a + b;
  const Tensor seed = ones({2}, float64);
  x.assign(x.clone());  // b's derivative has lost what it saved
  CHECK_THROWS_AS(tape.gradient(y, w, {.seed = seed}), GraphError);
  CHECK_THROWS_AS(tape.gradient(y, w, {.create_graph = true, .seed = seed}), GraphError);
  CHECK(elements(tape.gradient(a, w, {.seed = seed})) == elements(no_grad([&] { return exp(w); })));
  const Tensor z = x * x;
  CHECK(elements(tape.gradient(z, x, {.seed = seed})) == Numbers{2, 4});
}

TEST_CASE("tape: what was moved from is undefined", "[tape]") {
  const Tensor x = GENERATE(as<Tensor>(), number(3), numbers({3}));
  Tape tape;
  Tensor y = x * x, other;
  SECTION("constructing") { other = Tensor(std::move(y)); }
  SECTION("assigning") { other = std::move(y); }
  CHECK_FALSE(y.defined());  // NOLINT: that is the question
  CHECK_FALSE(y.requires_grad());
  CHECK_FALSE(y.grad().defined());
  CHECK_THAT(error_of<GraphError>([&] { y.retain_grad(); }), contains("not a value recorded"));
  CHECK_THAT(error_of<ValueError>([&] { y.backward(); }), contains("the tensor is undefined"));
  CHECK_THAT(error_of<ValueError>([&] { tape.gradient(y, x); }), contains("undefined"));
  CHECK(tape.gradient(other, x).item() == 6);
  y = x * 2.0;
  CHECK(tape.gradient(y, x).item() == 2);
}

TEST_CASE("tape: a detached handle does not show the gradient that its value retains", "[tape]") {
  const Tensor x = GENERATE(as<Tensor>(), number(3), numbers({3}));
  Tape tape;
  Tensor y = x * 2.0, early = y.detach();
  y.retain_grad();
  Tensor late = y.detach();
  y.backward();
  CHECK(y.grad().item() == 1);
  for (Tensor& detached : {std::ref(early), std::ref(late)}) {
    CHECK_FALSE(detached.grad().defined());
    detached.zero_grad();
  }
  CHECK(y.grad().item() == 1);
  // Nor does a variable made of it.
  early = Tensor(), y = Tensor();
  const Tensor v = variable(std::move(late));
  CHECK_FALSE(v.grad().defined());
  CHECK(v.item() == 6);
}

TEST_CASE("tape: two copies of a value may both ask for its gradient", "[tape]") {
  const Tensor x = GENERATE(as<Tensor>(), number(3), numbers({3}));
  Tape tape;
  Tensor y = x * x, same = y;
  y.retain_grad();
  same.retain_grad();
  (y * 2.0).backward();
  CHECK(y.grad().item() == 2);
  REQUIRE(same.grad().defined());
  CHECK(same.grad().item() == 2);
  CHECK(same.item() == 9);
  y.zero_grad();
  CHECK_FALSE(same.grad().defined());
}

TEST_CASE("tape: what pauses recording may end in any order", "[tape]") {
  const Tensor x = number(3);
  const auto records = [&] { return (x * x).requires_grad(); };
  {
    Tape tape;
    auto first = std::make_unique<NoGrad>(), second = std::make_unique<NoGrad>();
    first.reset();
    CHECK_FALSE(records());
    second.reset();
    CHECK(records());
  }
  {
    Tape outer;
    auto pause = std::make_unique<NoGrad>();
    auto inner = std::make_unique<Tape>();
    CHECK(records());
    pause.reset();
    CHECK(records());
    CHECK(inner->gradient(x * x, x).item() == 6);
    inner.reset();
    CHECK(records());
    CHECK(outer.gradient(x * x, x).item() == 6);
  }
  {
    auto outer = std::make_unique<Tape>();
    auto pause = std::make_unique<NoGrad>();
    auto inner = std::make_unique<Tape>();
    auto again = std::make_unique<NoGrad>();
    outer.reset();
    CHECK_FALSE(records());
    again.reset();
    CHECK(records());
    inner.reset();
    CHECK_FALSE(records());
    pause.reset();
    CHECK_FALSE(records());
  }
  Tape tape;
  CHECK(records());
}

TEST_CASE("tape: a backward that cannot go on releases nothing", "[tape]") {
  const Tensor seed = ones({2}, float64);
  {
    Tensor x = numbers({1, 2}), w = numbers({3, 4});
    Tape tape;
    const Tensor a = exp(w), b = x * w, y = a + b;
    const Tensor other = b + w, unaffected = exp(a);
    x.assign(x.clone());
    CHECK_THAT(error_of<GraphError>([&] { y.backward(seed); }), contains("changed in place"));
    CHECK_THROWS_AS(tape.gradient(y, w, {.retain_graph = false, .seed = seed}), GraphError);
    CHECK_FALSE(w.grad().defined());
    unaffected.backward(seed, true);
    CHECK(w.grad().defined());
    CHECK(elements(tape.gradient(a, w, {.retain_graph = false, .seed = seed})) ==
          elements(no_grad([&] { return exp(w); })));
    CHECK_THAT(error_of<GraphError>([&] { other.backward(seed); }), contains("changed in place"));
  }
  const bool array = GENERATE(false, true);
  const Tensor x = array ? numbers({1}) : number(1);
  Tape tape;
  const Tensor used = exp(x), y = exp(x);
  used.backward();
  const Tensor both = y * 3.0 + used;
  CHECK_THAT(error_of<GraphError>([&] { both.backward(); }), contains("an earlier backward() released what exp"));
  CHECK(tape.gradient(both, y).item() == 3);
  y.backward();
  CHECK_THAT(error_of<GraphError>([&] { y.backward(); }), contains("an earlier backward() released what exp"));
}

}  // namespace xgrad::tests
