// What every op promises of its derivatives, checked of every row of the op table. capabilities_test.cpp checks more.
#include <xgrad/gradcheck.hpp>

#include <xgrad/engine/internal/graph.hpp>

#include <algorithm>
#include <cmath>

#include "catch.hpp"
#include "op_table.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

Tensor seed_for(const Tensor& y) { return random_tensor(y.shape(), 0.5, 1.5, y.dtype(), 99); }

Tensors gradients(const OpRow& row, const Tensors& in) {
  Tape tape;
  const Tensor y = row.call(in);
  return tape.gradient(y, leaves(in), {.seed = seed_for(y)});
}

/// The numbers as doubles.
std::vector<double> doubles(const Tensor& t) { return to(t, float64).to_vector<double>(); }

/// Equal as numbers: a zero's sign does not count.
bool same_numbers(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && doubles(a) == doubles(b);
}

Tensor element(const Tensor& t, std::int64_t i) { return reshape(slice(reshape(t, {-1}), {i}), Shape{}); }

}  // namespace

TEST_CASE("ops: one variable for several arguments", "[ops][derivatives]") {
  for (const OpRow& row : op_table()) {
    const Tensors in = variables(row);
    std::vector<std::size_t> same;
    for (std::size_t i = 0; i < in.size(); ++i)
      if (in[i].is_leaf() && in[i].shape() == leaves(in)[0].shape()) same.push_back(i);
    if (!row.differentiable || same.size() < 2) continue;
    DYNAMIC_SECTION(title(row)) {
      // The narrower domain of the two serves both.
      Tensors shared = in;
      for (std::size_t i : same) shared[i] = in[same.back()];
      if (row.name == "pow") shared = {in[0], in[0]};
      const GradcheckReport report = gradcheck(row.call, shared, {.order = 2});
      INFO(report.text);
      CHECK(report.ok);
    }
  }
}

TEST_CASE("ops: constants get no gradient and no node", "[ops][derivatives]") {
  for (const OpRow& row : op_table()) DYNAMIC_SECTION(title(row)) {
      const Tensors in = constants(row);
      Tape tape;
      const Tensor y = row.call(in);
      CHECK(tape.size() == 0);
      CHECK_FALSE(y.requires_grad());
    }
}

TEST_CASE("ops: each argument's gradient is the same whichever others are constants", "[ops][derivatives]") {
  for (const OpRow& row : op_table()) {
    const Tensors all = variables(row);
    const std::size_t count = leaves(all).size();
    if (!row.differentiable || count < 2) continue;
    DYNAMIC_SECTION(title(row)) {
      const Tensors expected = gradients(row, all);
      for (unsigned chosen = 1; chosen + 1 < 1u << count; ++chosen) {
        Tensors in = all, wanted;
        for (std::size_t i = 0, leaf = 0; i < in.size(); ++i) {
          if (!all[i].is_leaf()) continue;
          if (chosen >> leaf & 1) wanted.push_back(expected[leaf]);
          else in[i] = in[i].clone();
          ++leaf;
        }
        const Tensors found = gradients(row, in);
        for (std::size_t i = 0; i < found.size(); ++i) CHECK(same_bits(found[i], wanted[i]));
      }
    }
  }
}

TEST_CASE("ops: a 0-d value has the bits of an array's element", "[ops][derivatives]") {
  for (const OpRow& row : op_table()) {
    if (!row.elementwise) continue;
    DYNAMIC_SECTION(row.text) {
      for (DType dtype : {float32, float64}) {
        const OpRow longer = with_shapes(row, std::vector<Shape>(row.arguments.size(), Shape{37}));
        const Tensors in = variables(longer, dtype);
        const Tensor y = row.call(in), seed = random_tensor({37}, 0.5, 1.5, dtype, 99);
        Tensors g;
        if (row.differentiable) {
          Tape tape;
          g = tape.gradient(row.call(in), leaves(in), {.seed = seed});
        }
        bool values = true, derivatives = true;
        for (std::int64_t i = 0; i < 37; ++i) {
          Tensors single = in;
          for (Tensor& t : single) t = t.is_leaf() ? variable(element(t, i)) : element(t, i);
          Tape tape;
          const Tensor y0 = row.call(single);
          values = values && same_numbers(y0, element(y, i));
          if (!row.differentiable) continue;
          const auto g0 = tape.gradient(y0, leaves(single), {.seed = element(seed, i)});
          for (std::size_t k = 0; k < g0.size(); ++k)
            derivatives = derivatives && same_numbers(g0[k], element(g[k], i));
        }
        INFO(name_of(dtype));
        CHECK(values);
        CHECK(derivatives);
      }
    }
  }
}

TEST_CASE("ops: elementwise values", "[ops][values]") {
  for (const OpRow& row : op_table()) {
    if (!row.elementwise) continue;
    DYNAMIC_SECTION(row.text) {
      const Tensors in = constants(with_shapes(row, std::vector<Shape>(row.arguments.size(), Shape{200})));
      const std::vector<double> y = doubles(row.call(in));
      std::vector<std::vector<double>> x;
      for (const Tensor& t : in) x.push_back(doubles(t));
      double worst = 0;
      for (std::size_t i = 0; i < 200; ++i) {
        Real arguments[3] = {};
        for (std::size_t k = 0; k < x.size(); ++k) arguments[k] = x[k][i];
        const Real expected = row.reference(arguments);
        const Real error = std::abs(y[i] - expected) / std::max(std::abs(expected), Real{1e-300L});
        worst = std::max(worst, static_cast<double>(error));
      }
      CHECK(worst < 1e-15);
    }
  }
}

TEST_CASE("ops: a list, a table, and what is recorded have the same names", "[ops][names]") {
  const std::vector<std::string> names = op_names();
  for (const OpRow& row : op_table())
    if (!row.users && std::find(names.begin(), names.end(), row.name) == names.end())
      FAIL_CHECK(row.name << " has a row, and is not in ops/CMakeLists.txt");
  for (const std::string& name : names) {
    int rows = 0;
    bool recorded = false, expected = false;
    for (const OpRow& row : op_table()) {
      if (row.name != name) continue;
      ++rows;
      expected = expected || (row.differentiable && !row.composite);
      Tape tape;
      row.call(variables(row));
      const auto* impl = detail::thread_state.recording;
      for (detail::u32 id = 1; id < impl->count; ++id) {
        const detail::Node& node = const_cast<Tape::Impl*>(impl)->at(id);
        recorded = recorded || (!node.is(detail::Node::leaf) && node.op().name == name);
      }
    }
    INFO(name);
    CHECK(rows > 0);
    CHECK(recorded == expected);
  }
}

TEST_CASE("ops: pow where b = 0, to second order", "[ops][derivatives]") {
  const auto f = [](const std::vector<Tensor>& in) { return pow(in[0], in[1]); };
  const Tensor a = variable(tensor({2, 0.5, 300, 1e-3}, float64));
  Tensor zero = variable(zeros({4}, float64));
  const GradcheckReport positive = gradcheck(f, {variable(tensor({2, 0.5, 1, 7}, float64)), zero}, {.order = 2});
  INFO(positive.text);
  CHECK(positive.ok);
  for (const bool array : {true, false}) {
    const Tensor x = array ? variable(tensor({2}, float64)) : variable(2.0, float64);
    const Tensor y = array ? variable(zeros({1}, float64)) : variable(0.0, float64);
    Tape tape;
    const auto first = tape.gradient(pow(x, y), {x, y}, {.create_graph = true});
    CHECK(first[0].item() == 0);
    CHECK(first[1].item() == Approx(std::log(2.0)).epsilon(1e-15));
    CHECK(tape.gradient(first[0], y).item() == 0.5);
    CHECK(tape.gradient(first[1], x).item() == 0.5);
    CHECK(tape.gradient(first[0], x).item() == 0);
  }
  {
    Tape tape;
    const Tensor d = tape.gradient(pow(a, zero), a, {.create_graph = true, .seed = ones({4}, float64)});
    const std::vector<double> by_zero = tape.gradient(d, zero, {.seed = ones({4}, float64)}).to_vector<double>();
    for (std::size_t i = 0; i < 4; ++i) CHECK(by_zero[i] == Approx(1 / a.data<double>()[i]).epsilon(1e-15));
  }
  // At any a the first derivative is 0 there, and the one by b is 0 where a = 0 and b >= 0.
  for (const double at : {0.0, -0.0, 1e-310, -2.0, double{INFINITY}, -double{INFINITY}, double{NAN}}) {
    const Tensor x = variable(at, float64), y = variable(0.0, float64), two = variable(2.0, float64);
    Tape tape;
    CHECK(tape.gradient(pow(x, y), x).item() == 0);
    if (at == 0) {
      CHECK(tape.gradient(pow(x, y), y).item() == 0);
      CHECK(tape.gradient(pow(x, two), two).item() == 0);
    }
  }
}

}  // namespace xgrad::tests
