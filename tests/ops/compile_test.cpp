// A compiled function against the function itself: the same bits, whatever it branches on, or no plan.
#include <xgrad/compile.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include <random>

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
    if (report.replayed == 0 && seed < first + 200) UNSCOPED_INFO("program " << seed << ": " << report.why << " recorded " << report.recorded << " plain " << report.plain << " plans "
                                                                                << report.plans << " steps " << report.steps);
  }
  WARN(replayed << " replayed, " << recorded << " recorded, " << plain << " plain");
  CHECK(replayed > recorded);
}

TEST_CASE("debug", "[.]") {
  const std::uint64_t seed = std::stoull(std::getenv("SEED"));
  Program itself(seed), other(seed);
  auto compiled = compile([&](const Tensor& x, const Tensor& s) { return other(x, s); });
  for (std::uint64_t call = 0; call < 6; ++call) {
    const Shape shape{itself.rows + (call == 3 ? 2 : 0), itself.columns};
    const Tensor x = random_tensor(shape, -2, 2, itself.dtype, 100 * seed + call),
                 s = random_tensor({}, -1, 1, itself.dtype, 100 * seed + 50 + call);
    const Tensors a = itself(x, s), b = compiled(x, s);
    const auto r = compiled.report();
    printf("call %d: recorded %zu replayed %zu plain %zu plans %zu steps %zu %s\n", int(call), r.recorded, r.replayed, r.plain, r.plans, r.steps, r.why.c_str());
    for (std::size_t i = 0; i < a.size(); ++i)
      if (!tests::same_bits(a[i], b[i])) printf("out %zu\n%s\n%s\n", i, to_string(a[i]).c_str(), to_string(b[i]).c_str());
    const Tensors c = itself.state(), d = other.state();
    for (std::size_t i = 0; i < c.size(); ++i)
      if (c[i].defined() != d[i].defined() || (c[i].defined() && !tests::same_bits(c[i], d[i]))) printf("state %zu\n%s\n%s\n", i, to_string(c[i]).c_str(), to_string(d[i]).c_str());
  }
}
TEST_CASE("compile: random programs have the bits of the function itself") { compare_programs(1, 1000); }
TEST_CASE("compile: 10,000 random programs", "[long]") { compare_programs(1, 10'000); }

TEST_CASE("compile: every op, by a plan or by itself") {
  std::size_t planned = 0, rows = 0;
  std::string without;
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
        if (x.defined() && x.dtype() == float64 && x.size() > 1 && row.elementwise)
          std::reverse(x.mutable_data<double>(), x.mutable_data<double>() + x.size());
        else if (x.defined() && x.dtype() == float64 && x.size() > 1)
          for (std::int64_t i = 0; i < x.size(); ++i) x.mutable_data<double>()[i] *= 0.96875;
    }
    ++rows;
    if (compiled.report().replayed > 0) ++planned;
    else without += row.name + ": " + compiled.report().why + "\n";
  }
  WARN(planned << " of " << rows << " rows by a plan; not:\n" << without);
  CHECK(planned > rows / 2);
}

}  // namespace
}  // namespace xgrad::tests
