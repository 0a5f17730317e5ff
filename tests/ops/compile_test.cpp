// A compiled function against the function itself: the same bits, whatever it branches on, or no plan.
#include <xgrad/compile.hpp>
#include <xgrad/engine/runtime.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <thread>

#include "catch.hpp"
#include "op_table.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

bool same_bits(const Tensors& a, const Tensors& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].defined() != b[i].defined() || (a[i].defined() && !tests::same_bits(a[i], b[i]))) return false;
  return true;
}

/// A program that follows from a seed: a few steps on values and weights, with branches on what it finds, then maybe
/// derivatives, and maybe a change of the weights.
struct Program {
  std::uint64_t seed;
  DType dtype;
  std::int64_t rows, columns;  // long enough for chains of operations in some
  Tensors weights;

  explicit Program(std::uint64_t s)
      : seed(s), dtype(s % 2 ? float32 : float64), rows(s % 5 ? 3 : 50), columns(s % 5 ? 4 : 101) {
    weights = {variable(random_tensor({rows, columns}, -1, 1, dtype, s)),
               variable(random_tensor({columns}, -1, 1, dtype, s + 1)),
               variable(random_tensor({}, 0.5, 1, dtype, s + 2))};
  }

  Tensors operator()(const Tensor& x, const Tensor& s) {
    std::mt19937_64 random(seed);  // the program's text, not chance: each call draws the same
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    const std::size_t kind = below(4);  // values, gradients, backward, an update
    std::vector<Tensor> values{x, s, weights[0], weights[1], weights[2]};
    const auto any = [&] { return values[below(values.size())]; };
    const auto body = [&] {
      const std::size_t steps = 2 + below(8);
      for (std::size_t i = 0; i < steps; ++i) {
        const Tensor a = any(), b = any();
        const std::size_t which = below(22);
        const bool joins = a.rank() == 0 || b.rank() == 0 || a.shape() == b.shape() ||
                           (b.rank() == 1 && a.rank() > 0 && a.shape()[a.rank() - 1] == b.shape()[0]);
        Tensor y = a;
        switch (which) {
          case 0: y = tanh(a); break;
          case 1: y = relu(a); break;
          case 2: y = sigmoid(a) * 2.0; break;
          case 3: y = square(a) - a; break;
          case 4: y = joins ? a + b : a; break;
          case 5: y = joins ? a * b : -a; break;
          case 6: y = joins ? a - b : a; break;
          case 7: y = joins ? maximum(a, b) : a; break;
          case 8: y = sum(a); break;
          case 9: y = a.rank() > 0 ? mean(a, -1) : a; break;
          case 10: y = a.rank() > 0 ? softmax(a) : a; break;
          case 11: y = a.rank() == 2 ? transpose(a) : a; break;
          case 12: y = a.rank() == 2 && b.rank() == 2 && a.shape()[1] == b.shape()[0] ? matmul(a, b) : a; break;
          case 13: y = a.rank() == 2 && a.shape()[1] == columns ? linear(a, weights[0]) : a; break;
          case 14: y = a.rank() > 0 && a.shape()[0] > 1 ? slice(a, {{1, none}}) : a; break;
          case 15: y = a.rank() > 0 ? concatenate({a, a * 0.5}, 0) : a; break;
          case 16: y = where(a > 0.1, a, 0.25); break;
          case 17: y = a.size() > 0 ? reshape(a, {-1}) : a; break;
          case 18:  // a branch on values
            y = (sum(a) > 0).item() != 0 ? exp(-square(a)) : a * 3.0;
            break;
          case 19: y = a.rank() > 0 && a.shape()[0] > 3 ? -a : abs(a); break;  // on shapes
          case 20: y = to(to(a, float64), dtype); break;
          default: y = a.rank() > 0 ? cumsum(a, 0) : a.detach() + a; break;
        }
        if (y.size() < 20'000) values.push_back(y);
      }
      return values.back();
    };
    if (kind == 0) return {body(), values[values.size() / 2]};
    Tape tape;
    const Tensor y = body(), loss = sum(y * y) + sum(weights[2] * values[values.size() - 2]) + sum(weights[1]);
    if (kind == 1) {
      Tensors out = tape.gradient(loss, weights);
      out.push_back(loss);
      return out;
    }
    for (Tensor& w : weights) w.zero_grad();
    loss.backward();
    if (kind == 2) return {loss, weights[0].grad().defined() ? weights[0].grad() * 2.0 : loss};
    Tensor none_;
    for (Tensor& w : weights)
      if (w.grad().defined()) sgd_update(w, w.grad(), none_, {.lr = 0.01});
    for (Tensor& w : weights) w.zero_grad();
    return {loss};
  }

  Tensors state() const {
    Tensors all = weights;
    for (const Tensor& w : weights) all.push_back(w.grad());
    return all;
  }
};

void compare_programs(std::uint64_t first, std::uint64_t count) {
  std::size_t replayed = 0, recorded = 0, plain = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    Program itself(seed), other(seed);
    auto compiled = compile([&](const Tensor& x, const Tensor& s) { return other(x, s); });
    for (std::uint64_t call = 0; call < 6; ++call) {
      const Shape shape{itself.rows + (call == 3 ? 2 : 0), itself.columns};
      const Tensor x = random_tensor(shape, -2, 2, itself.dtype, 100 * seed + call),
                   s = random_tensor({}, -1, 1, itself.dtype, 100 * seed + 50 + call);
      const bool same = same_bits(itself(x, s), compiled(x, s)) && same_bits(itself.state(), other.state());
      if (!same) {
        INFO("program " << seed << ", call " << call << ", " << compiled.report().why);
        REQUIRE(same);
      }
    }
    const CompileReport report = compiled.report();
    replayed += report.replayed, recorded += report.recorded, plain += report.plain;
  }
  INFO(replayed << " replayed, " << recorded << " recorded, " << plain << " plain");
  CHECK(replayed > recorded);
  CHECK(plain == 0);
}

TEST_CASE("compile: random programs have the bits of the function itself") { compare_programs(1, 1000); }
TEST_CASE("compile: 10,000 random programs", "[long]") { compare_programs(1, 10'000); }

TEST_CASE("compile: every op, by a plan or by itself") {
  std::set<std::string> without;
  for (const OpRow& row : op_table()) {
    INFO(title(row));
    const bool derivative = row.differentiable && row.arguments.size() > 0;
    const auto f = [&](const Tensors& in) -> Tensors {
      if (!derivative) return {row.call(in)};
      Tape tape;
      Tensors out{row.call(in)};
      const Tensors xs = leaves(in);
      if (!out[0].requires_grad()) return out;
      for (const Tensor& g : tape.gradient(out[0], xs, {.seed = full(out[0].shape(), 0.75, out[0].dtype())}))
        out.push_back(g);
      return out;
    };
    auto compiled = compile(f);
    Tensors in = derivative ? variables(row) : constants(row);
    for (int call = 0; call < 3; ++call) {
      Tensors expected;
      try {
        expected = f(in);
      } catch (const Error&) {
        break;
      }
      const Tensors got = compiled(in);
      CHECK(same_bits(expected, got));
      // Other elements: the row's own, in another order.
      for (Tensor& x : in)
        if (!x.defined() || x.rank() == 0) continue;
        else if (x.dtype() == int64)
          std::reverse(x.mutable_data<std::int64_t>(), x.mutable_data<std::int64_t>() + x.size());
        else if (x.dtype() == boolean) std::reverse(x.mutable_data<bool>(), x.mutable_data<bool>() + x.size());
        else if (row.elementwise) std::reverse(x.mutable_data<double>(), x.mutable_data<double>() + x.size());
        else
          for (std::int64_t i = 0; i < x.size(); ++i) x.mutable_data<double>()[i] *= 0.96875;
    }
    if (compiled.report().replayed == 0) without.insert(row.name);
  }
  // Of a shape that values decide, or by a LAPACK.
  CHECK(without == std::set<std::string>{"cholesky", "det", "eigh", "inv", "masked_select", "nonzero", "qr", "slogdet",
                                         "solve", "svd"});
}

TEST_CASE("compile: what a function captured may be exchanged") {
  const Tensor x = random_tensor({3, 4});
  Tensor w = random_tensor({3, 4}, -1, 1, float64, 2);
  const Tensor other = random_tensor({3, 4}, -1, 1, float64, 3);
  auto f = compile([&](const Tensor& a) { return a * w; });
  f(x), f(x);
  CHECK(f.report().replayed == 1);
  w.mutable_data<double>()[0] = 7;  // in place: the plan sees it
  CHECK(tests::same_bits(f(x), x * w));
  w = w * 2.0;
  const Tensor kept = w;
  CHECK(tests::same_bits(f(x), x * w));
  w = other;  // `kept` is still there, but nobody else
  CHECK(tests::same_bits(f(x), x * other));
  w = kept;
  CHECK(tests::same_bits(f(x), x * kept));

  // The same tensor as an argument and as a capture.
  CHECK(tests::same_bits(f(w), w * w));
  auto g = compile([&](const Tensor& a) { return a + kept; });
  g(kept);
  CHECK(tests::same_bits(g(x), x + kept));
  CHECK(g.report().replayed == 1);
  auto twice = compile([](const Tensor& a, const Tensor& b) { return a * 2.0 + b; });
  twice(x, x);
  CHECK(tests::same_bits(twice(x, w), x * 2.0 + w));
  CHECK(tests::same_bits(twice(w, x), w * 2.0 + x));
}

TEST_CASE("compile: a function that changes what it is given, or has") {
  const Tensor one = ones({4}, float64);
  Tensor mine = zeros({4}, float64), its = zeros({4}, float64);
  const auto f = [&](Tensor& state) {
    return [&](const Tensor& a) {
      state.assign(state + a);
      Tensor(a).assign(a * 2.0);
      return state * a;
    };
  };
  auto compiled = compile(f(its));
  for (int i = 0; i < 4; ++i) {
    Tensor a = one.clone(), b = one.clone();
    CHECK(tests::same_bits(f(mine)(a), compiled(b)));
    CHECK(tests::same_bits(a, b));
    CHECK(tests::same_bits(mine, its));
  }
  CHECK(compiled.report().replayed == 3);
  // The state itself as the argument.
  CHECK(tests::same_bits(f(mine)(mine), compiled(its)));
  CHECK(tests::same_bits(mine, its));
  // A derivative that saved it before is refused, as after any change in place.
  Tensor w = variable(one);
  Tape tape;
  const Tensor y = sum(w * its);
  no_grad([&] { return compiled(one.clone()); });
  CHECK_THROWS_AS(tape.gradient(y, w), GraphError);
}

TEST_CASE("compile: values that a function looks at") {
  std::size_t calls = 0;
  auto f = compile([&](const Tensor& a) {
    ++calls;
    return (sum(a) > 0).item() != 0 ? a * 2.0 : -a;
  });
  const Tensor up = ones({3}, float64), down = full({3}, -1, float64);
  for (const Tensor& x : {up, down, up, down, up * 3.0, down * 5.0})
    CHECK(tests::same_bits(f(x), sum(x).item() > 0 ? x * 2.0 : -x));
  CHECK(calls == 2);
  CHECK(f.report().plans == 2);

  auto empty_too = compile([](const Tensor& a) {
    return a * static_cast<double>(slice(a, {{0, 0}}).to_vector<double>().size());
  });
  for (int i = 0; i < 3; ++i) CHECK(tests::same_bits(empty_too(up), up * 0.0));
  CHECK(empty_too.report().replayed == 2);

  auto exact = compile([](const Tensor& a) { return a * sum(a).item(); });
  for (int i = 1; i < 30; ++i) CHECK(tests::same_bits(exact(up * double(i)), up * double(i) * (3.0 * i)));
  CHECK(exact.report().replayed == 0);
  CHECK(exact.report().plain > 10);  // it does not go on recording for ever
}

TEST_CASE("compile: says why there is no plan") {
  const Tensor x = random_tensor({3, 3}) + eye(3, 3, float64) * 4.0;
  const auto why = [&](auto f) {
    auto compiled = compile(f);
    const Tensor first = compiled(x);
    CHECK(tests::same_bits(first, compiled(x)));
    CHECK(compiled.report().replayed == 0);
    return compiled.report().why;
  };
  const Tensor number = tensor(2.0, float64);
  std::vector<Tensor> kept;
  CHECK_THAT(why([](const Tensor& a) { return inv(a); }), contains("calls inv, which has no plan yet"));
  CHECK_THAT(why([&](const Tensor& a) { return a * number; }), contains("0-d value of its surroundings"));
  CHECK_THAT(why([&](const Tensor& a) { return kept.emplace_back(a * 2.0), a + 1.0; }),
             contains("keeps a value it made, float64 (3, 3)"));
  CHECK_THAT(why([](const Tensor& a) {
               Tensor b = empty({3, 3}, float64);
               *b.mutable_data<double>() = 1;
               return a;
             }),
             contains("writes elements itself"));
  CHECK_THAT(why([](const Tensor& a) {
               Random random(3);
               return dropout(a, 0.5, random);
             }),
             contains("seeds a Random"));
  Random random(3);
  CHECK_THAT(why([&](const Tensor& a) {
               random.set_position(0);
               return a * random.uniform();
             }),
             contains("draws random numbers one by one"));
  CHECK_THAT(why([&](const Tensor& a) {
               Tensor b;
               std::thread([&] { b = a * 2.0; }).join();
               return b + a;
             }),
             contains("not made by it on this thread"));
}

TEST_CASE("compile: random numbers go on where the stream is") {
  struct Chance {
    std::unique_ptr<Random> random = std::make_unique<Random>(3, 1);
    Tensor w = variable(random_tensor({4, 3}));
    nn::SGD optimizer{{w}, {.lr = 0.1}};

    Tensors operator()(const Tensor& x, const Tensor& labels) {
      Tape tape;
      const Tensor noise = normal(*random, x.shape(), 0, 0.1, float64);
      Tensor y = matmul(dropout(x + noise, 0.5, *random), w);
      if ((sum(y) > 0).item() != 0) y = y + uniform(*random, {3}, -1, 1, float64);  // branches on what was drawn
      Random copy = *random;
      const Tensors drawn{permutation(*random, 5), randint(copy, -3, 4, {6}), bernoulli(*random, sigmoid(x)),
                          multinomial(*random, exp(x), 2)};
      const Tensor loss = cross_entropy(y, labels);  // which looks at the labels after that
      loss.backward();
      optimizer.step();
      optimizer.zero_grad();
      return {loss.detach(), drawn[0], drawn[1], drawn[2], drawn[3]};
    }
  };
  Chance one, other;
  auto step = compile([&](const Tensor& x, const Tensor& labels) { return other(x, labels); });
  const auto change = [&](auto how) { how(one), how(other); };
  for (std::uint64_t i = 0; i < 60; ++i) {
    if (i == 20) change([](Chance& c) { *c.random = Random(7); });
    if (i == 30) change([](Chance& c) { c.random->set_position(5); });
    if (i == 40) change([](Chance& c) { c.random = std::make_unique<Random>(11); });
    if (i == 50) change([](Chance& c) { std::swap(*c.random, *std::make_unique<Random>(12)); });
    const Tensor x = random_tensor({5, 4}, -1, 1, float64, i), labels = tensor({0, 1, 2, 2, double(i % 3)}, int64);
    CHECK(same_bits(one(x, labels), step(x, labels)));
    if (i % 7 == 0)  // the function itself is the one to throw, after it has drawn
      for (auto* f : {&one, &other}) {
        const Tensor wrong = tensor({0, 1, 2, 2, 3}, int64);
        if (f == &one) CHECK_THROWS_AS(one(x, wrong), ValueError);
        else CHECK_THROWS_AS(step(x, wrong), ValueError);
      }
    CHECK(one.random->position() == other.random->position());
    CHECK(one.random->seed() == other.random->seed());
    CHECK(tests::same_bits(one.w, other.w));
  }
  INFO(step.report().why);
  CHECK(step.report().replayed >= 50);
}

TEST_CASE("compile: optimizers go on counting, and learning rates change") {
  const auto train = [](auto make_optimizer, bool compiled) {
    Random random(3);
    nn::Sequential model{nn::Linear(5, 4, random), nn::Tanh(), nn::Linear(4, 3, random)};
    auto optimizer = make_optimizer(model);
    const auto f = [&](const Tensor& x, const Tensor& labels) {
      Tape tape;
      const Tensor loss = cross_entropy(model(x), labels);
      loss.backward();
      optimizer.step();
      optimizer.zero_grad();
      return loss;
    };
    auto step = compile(f);
    Tensors out;
    for (std::uint64_t i = 0; i < 12; ++i) {
      const Tensor x = random_tensor({6, 5}, -1, 1, float32, i), labels = tensor({0, 1, 2, 2, 1, double(i % 3)}, int64);
      if (i == 7) optimizer.set_lr(0.003);
      out.push_back(compiled ? step(x, labels) : f(x, labels).detach());
    }
    if (compiled) CHECK(step.report().replayed >= 10);
    for (const Tensor& p : model.parameters()) out.push_back(p);
    return out;
  };
  for (const double momentum : {0.0, 0.9}) {
    const auto sgd = [&](nn::Module& m) { return nn::SGD(m.parameters(), {.lr = 0.1, .momentum = momentum}); };
    CHECK(same_bits(train(sgd, false), train(sgd, true)));
  }
  const auto adam = [](nn::Module& m) { return nn::Adam(m.parameters(), {.lr = 0.01, .weight_decay = 0.1}); };
  CHECK(same_bits(train(adam, false), train(adam, true)));
}

TEST_CASE("compile: errors are the function's own, and leave things as they were") {
  Tensor w = variable(ones({3, 2}, float64));
  nn::SGD optimizer({w}, {.lr = 0.5});
  auto step = compile([&](const Tensor& x, const Tensor& labels) {
    Tape tape;
    const Tensor loss = cross_entropy(matmul(x, w), labels);
    loss.backward();
    optimizer.step();
    optimizer.zero_grad();
    return loss;
  });
  const Tensor x = random_tensor({4, 3});
  step(x, tensor({0, 1, 1, 0}, int64)), step(x, tensor({1, 1, 1, 0}, int64));
  CHECK(step.report().replayed == 1);
  const Tensor before = w.clone();
  CHECK_THAT(error_of<ValueError>([&] { step(x, tensor({0, 1, 2, 0}, int64)); }), contains("label 2 at"));
  CHECK(tests::same_bits(before, w));
  CHECK_THROWS_AS(step(random_tensor({4, 2}), tensor({0, 1, 1, 0}, int64)), ShapeError);
  CHECK_THROWS_AS(step(x, Tensor()), ValueError);
  step(x, tensor({1, 0, 1, 0}, int64));
  CHECK(step.report().replayed == 2);
}

TEST_CASE("compile: inside of other things") {
  auto f = compile([](const Tensor& a) { return sum(tanh(a) * a); });
  const Tensor x = random_variable({3, 4});
  f(x), f(x);
  {
    Tape tape;  // a function that is recorded runs itself
    CHECK(tests::same_bits(tape.gradient(f(x), x), tape.gradient(sum(tanh(x) * x), x)));
  }
  CHECK(f.report().replayed == 1);
  auto outer = compile([&](const Tensor& a) { return f(a * 2.0) + 1.0; });
  for (int i = 0; i < 3; ++i)
    CHECK(tests::same_bits(outer(x), (sum(tanh(x.detach() * 2.0) * (x.detach() * 2.0)) + 1.0)));
  CHECK(outer.report().replayed == 2);
  auto throws = compile([](const Tensor& a) {
    if (a.size() == 3) throw std::runtime_error("three");
    return a;
  });
  CHECK_THROWS_AS(throws(ones({3})), std::runtime_error);
  CHECK(f(x).item() == f(x).item());
  auto nothing = compile([](const std::vector<Tensor>& in) { return Tensors{in[1], in[0] * 2.0, in[1]}; });
  for (int i = 0; i < 2; ++i) CHECK(same_bits(nothing({x, x * 3.0}), {x * 3.0, x * 2.0, x * 3.0}));
}

TEST_CASE("compile: the same bits for any number of threads, and from any of them") {
  const Tensor x = random_tensor({400, 301}, -1, 1, float32);
  auto f = compile([](const Tensor& a) {
    Tape tape;
    const Tensor v = variable(a), y = sum(sigmoid(v * v - 0.5) * tanh(v));
    return Tensors{y, tape.gradient(y, v)};
  });
  const Tensors expected = f(x);
  for (int count : {1, 2, 5}) {
    const Threads threads(count);
    CHECK(same_bits(expected, f(x)));
  }
  std::vector<Tensors> got(8);
  std::vector<std::thread> threads;
  for (Tensors& mine : got) threads.emplace_back([&] { mine = f(x); });
  for (std::thread& thread : threads) thread.join();
  for (const Tensors& mine : got) CHECK(same_bits(expected, mine));
}

TEST_CASE("compile: gradients need not all be there at once") {
  Random random(5);
  nn::Sequential model;
  for (int i = 0; i < 20; ++i) model.append(nn::Linear(128, 128, random)), model.append(nn::ReLU());
  nn::SGD optimizer(model.parameters(), {.lr = 1e-3});
  const auto step = [&](const Tensor& x, const Tensor& t) {
    Tape tape;
    const Tensor loss = mse_loss(model(x), t);
    loss.backward();
    optimizer.step();
    optimizer.zero_grad();
    return loss;
  };
  auto compiled = compile(step);
  const Tensor x = random_tensor({16, 128}, -1, 1, float32, 1), t = random_tensor({16, 128}, -1, 1, float32, 2);
  const auto peak = [](auto f) {
    f();
    reset_peak_memory();
    f();
    return static_cast<double>(memory_use().peak);
  };
  const double dynamic = peak([&] { step(x, t); });
  compiled(x, t);
  CHECK(peak([&] { compiled(x, t); }) <= 0.6 * dynamic);
}

}  // namespace
}  // namespace xgrad::tests
