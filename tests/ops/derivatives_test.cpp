// What every op promises of its derivatives, checked of every row of the op table.
#include <xgrad/gradcheck.hpp>

#include <xgrad/engine/internal/graph.hpp>

#include <algorithm>
#include <cmath>

#include "catch.hpp"
#include "op_table.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

/// The rows, elementwise ones also 0-d, without elements and longer than any SIMD batch.
std::vector<OpRow> rows_and_sizes() {
  std::vector<OpRow> rows;
  for (const OpRow& row : op_table()) {
    rows.push_back(row);
    if (row.elementwise)
      for (const Shape& shape : {Shape{}, Shape{1}, Shape{19}, Shape{0}, Shape{2, 0}})
        rows.push_back(with_shapes(row, std::vector<Shape>(row.arguments.size(), shape)));
  }
  return rows;
}

Tensor seed_for(const Tensor& y) { return random_tensor(y.shape(), 0.5, 1.5, y.dtype(), 99); }

Tensors gradients(const OpRow& row, const Tensors& in, bool create_graph = false) {
  Tape tape;
  const Tensor y = row.call(in);
  return tape.gradient(y, leaves(in), {.create_graph = create_graph, .seed = seed_for(y)});
}

/// The numbers as doubles.
std::vector<double> doubles(const Tensor& t) { return to(t, float64).to_vector<double>(); }

/// The largest difference, relative to the largest number or 1.
double distance(const Tensor& a, const Tensor& b) {
  const std::vector<double> x = doubles(a), y = doubles(b);
  double most = 1, difference = 0;
  for (double v : y) most = std::max(most, std::abs(v));
  for (std::size_t i = 0; i < x.size(); ++i) difference = std::max(difference, std::abs(x[i] - y[i]));
  return difference / most;
}

/// Equal as numbers: a zero's sign does not count.
bool same_numbers(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && doubles(a) == doubles(b);
}

Tensor element(const Tensor& t, std::int64_t i) { return reshape(slice(reshape(t, {-1}), {i}), Shape{}); }

}  // namespace

TEST_CASE("ops: derivatives of first and second order", "[ops][derivatives]") {
  for (const OpRow& row : rows_and_sizes()) {
    if (!row.differentiable) continue;
    DYNAMIC_SECTION(title(row)) {
      const GradcheckReport report = gradcheck(row.call, variables(row), {.order = 2});
      INFO(report.text);
      CHECK(report.ok);
    }
  }
}

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

TEST_CASE("ops: float32 agrees with float64", "[ops][derivatives]") {
  for (const OpRow& row : rows_and_sizes()) DYNAMIC_SECTION(title(row)) {
      const Tensors in32 = variables(row, float32), in64 = variables(row, float64);
      const Tensor y32 = row.call(in32), y64 = row.call(in64);
      CHECK(y32.shape() == y64.shape());
      CHECK(distance(y32, y64) < 2e-6);
      if (!row.differentiable) {
        CHECK(y32.dtype() == y64.dtype());
        continue;
      }
      CHECK(y32.dtype() == float32);
      const auto g32 = gradients(row, in32), g64 = gradients(row, in64);
      for (std::size_t i = 0; i < g32.size(); ++i) {
        CHECK(g32[i].dtype() == float32);
        CHECK(g32[i].shape() == g64[i].shape());
        CHECK(distance(g32[i], g64[i]) < 4e-6);
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

TEST_CASE("ops: what has no derivative records nothing", "[ops][derivatives]") {
  for (const OpRow& row : op_table()) {
    if (row.differentiable) continue;
    DYNAMIC_SECTION(title(row)) {
      const Tensors in = variables(row);
      Tape tape;
      const Tensor y = row.call(in);
      CHECK_FALSE(y.requires_grad());
      CHECK(tape.size() <= in.size());  // the leaves at most
    }
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

TEST_CASE("ops: a recorded gradient has the numbers of a plain one", "[ops][derivatives]") {
  for (const OpRow& row : rows_and_sizes()) {
    if (!row.differentiable) continue;
    DYNAMIC_SECTION(title(row)) {
      for (DType dtype : {float32, float64}) {
        const Tensors in = variables(row, dtype);
        const Tensors plain = gradients(row, in), recorded = gradients(row, in, true);
        for (std::size_t i = 0; i < plain.size(); ++i) {
          CHECK(plain[i].dtype() == recorded[i].dtype());
          CHECK(plain[i].shape() == recorded[i].shape());
          CHECK(distance(recorded[i], plain[i]) <= (dtype == float32 ? 3e-7 : 5e-16));
        }
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
    if (std::find(names.begin(), names.end(), row.name) == names.end())
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
