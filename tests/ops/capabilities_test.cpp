// Measures what every op can do on every row of the op table, and holds docs/capabilities.md to it.
#include <xgrad/gradcheck.hpp>
#include <xgrad/ops/transforms.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>

#include "catch.hpp"
#include "heap_calls.hpp"
#include "op_table.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

enum Column {
  order_1,
  order_2,
  forward,
  broadcasting,
  zero_size,
  single,
  twice,
  create_graph,
  same_again,
  no_heap,
  columns
};
/// The words of a row of docs/capabilities.md.
using Cells = std::array<std::string, columns>;

/// A cell says the most that a row of the op showed: "-" where there was nothing to ask, the error that one gets who
/// asks, "zero" or "yes". What must hold of every row says "no" once it does not.
int rank(const std::string& word) {
  if (word.empty()) return 0;
  if (word == "-") return 1;
  if (word == "zero") return 3;
  if (word == "yes") return 4;
  return word == "no" ? 5 : 2;
}
void note(std::string& cell, const std::string& word) {
  if (rank(word) > rank(cell)) cell = word;
}

/// The name of the error f() throws; "yes" where it throws none.
template <class F> std::string refusal(F f) {
  try {
    f();
  } catch (const ShapeError&) {
    return "ShapeError";
  } catch (const DTypeError&) {
    return "DTypeError";
  } catch (const ValueError&) {
    return "ValueError";
  } catch (const GraphError&) {
    return "GraphError";
  }
  return "yes";
}

std::vector<double> doubles(const Tensor& t) { return to(t, float64).to_vector<double>(); }

/// The largest difference, relative to the largest number or 1.
double distance(const Tensor& a, const Tensor& b) {
  const std::vector<double> x = doubles(a), y = doubles(b);
  double most = 1, difference = 0;
  for (double v : y) most = std::max(most, std::abs(v));
  for (std::size_t i = 0; i < x.size(); ++i) difference = std::max(difference, std::abs(x[i] - y[i]));
  return difference / most;
}

Tensor seed_for(const Tensor& y) { return random_tensor(y.shape(), 0.5, 1.5, y.dtype(), 99); }

Tensors gradients(const OpRow& row, const Tensors& in, bool recorded = false) {
  Tape tape;
  const Tensor y = row.call(in);
  return tape.gradient(y, leaves(in), {.create_graph = recorded, .seed = seed_for(y)});
}

/// The row with that in the places of its variables.
Tensors with_leaves(Tensors in, const Tensors& xs) {
  std::size_t next = 0;
  for (Tensor& t : in)
    if (t.is_leaf()) t = xs[next++];
  return in;
}

double dot(const Tensor& a, const Tensor& b) {
  const std::vector<double> x = doubles(a), y = doubles(b);
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

/// False of the mean of nothing, and the like.
bool finite(const Tensor& y) {
  for (double x : doubles(y))
    if (!std::isfinite(x)) return false;
  return true;
}

void check_derivatives(const OpRow& row, Cells& cells) {
  const Tensors in = variables(row);
  if (finite(row.call(in))) {
    const GradcheckReport report = gradcheck(row.call, in, {.order = 2});
    INFO(report.text);
    CHECK(report.ok);
  }
  bool zero = true;
  for (const Tensor& g : gradients(row, in))
    for (double x : doubles(g)) zero = zero && x == 0;
  note(cells[order_1], zero ? "zero" : "yes");
  note(cells[order_2], "yes");
}

/// <u, J v> against <u J, v>, and J v against finite differences.
void check_forward(const OpRow& row, Cells& cells) {
  const Tensors in = variables(row), xs = leaves(in);
  Tensors vs, plus, minus;
  for (const Tensor& x : xs) {
    vs.push_back(random_tensor(x.shape(), -1, 1, float64, vs.size() + 5));
    plus.push_back(x + vs.back() * 1e-6), minus.push_back(x - vs.back() * 1e-6);
  }
  const auto [y, tangent] = jvp([&](const Tensors& at) { return row.call(with_leaves(in, at)); }, xs, vs);
  const Tensor u = seed_for(y);
  const Tensors g = gradients(row, in);
  double pulled = 0, size = 1;
  for (std::size_t i = 0; i < g.size(); ++i) {
    pulled += dot(g[i], vs[i]);
    for (double x : doubles(g[i])) size += std::abs(x);
  }
  note(cells[forward], "yes");
  if (!finite(y)) return;
  CHECK(std::abs(dot(u, tangent) - pulled) <= 1e-13 * size);
  const Tensor numeric = (row.call(with_leaves(in, plus)) - row.call(with_leaves(in, minus))) / 2e-6;
  CHECK(distance(tangent, numeric) < 1e-6);
}

/// Without a derivative the result is a constant, and nothing is recorded.
void check_constant(const OpRow& row, Cells& cells) {
  const Tensors in = variables(row), xs = leaves(in);
  Tape tape;
  const Tensor y = row.call(in);
  CHECK_FALSE(y.requires_grad());
  CHECK(tape.size() <= in.size());  // the leaves at most
  for (const Column column : {order_1, order_2, create_graph})
    note(cells[column], in.empty()   ? "-"
                        : xs.empty() ? refusal([&] { variable(in[0]); })
                                     : refusal([&] { tape.gradient(y, xs, {.create_graph = column != order_1}); }));
  note(cells[forward], in.empty() ? "-" : refusal([&] {
         jvp([&](const Tensors& at) { return row.call(xs.empty() ? at : with_leaves(in, at)); }, xs.empty() ? in : xs,
             xs.empty() ? in : xs);
       }));
}

/// Floating arguments as float32 and as float64, and what a recorded gradient has that a plain one has.
void check_dtypes(const OpRow& row, Cells& cells) {
  const Tensors in32 = variables(row, float32), in64 = variables(row, float64);
  const Tensor y32 = row.call(in32), y64 = row.call(in64);
  CHECK(y32.shape() == y64.shape());
  CHECK(distance(y32, y64) < 2e-6);
  for (const Argument& argument : row.arguments)
    if (argument.dtype == float64) note(cells[single], "yes"), note(cells[twice], "yes");
  if (!row.differentiable) {
    CHECK(y32.dtype() == y64.dtype());
    return;
  }
  CHECK(y32.dtype() == float32);
  CHECK(y64.dtype() == float64);
  const auto g32 = gradients(row, in32), g64 = gradients(row, in64);
  const auto recorded32 = gradients(row, in32, true), recorded64 = gradients(row, in64, true);
  for (std::size_t i = 0; i < g32.size(); ++i) {
    CHECK(g32[i].dtype() == float32);
    CHECK(g32[i].shape() == g64[i].shape());
    CHECK(distance(g32[i], g64[i]) < 4e-6);
    for (const auto& [recorded, plain] : {std::pair(recorded32[i], g32[i]), std::pair(recorded64[i], g64[i])}) {
      CHECK(plain.dtype() == recorded.dtype());
      CHECK(plain.shape() == recorded.shape());
      CHECK(distance(recorded, plain) <= (plain.dtype() == float32 ? 3e-7 : 5e-16));
    }
  }
  note(cells[create_graph], "yes");
}

/// Where no argument is floating: what comes of one that is, or the dtype of what is made from nothing.
void check_other_dtypes(const OpRow& row, Cells& cells) {
  for (const auto& [dtype, column] : {std::pair(float32, single), std::pair(float64, twice)}) {
    Tensors in = constants(row);
    if (in.empty()) note(cells[column], row.call(in).dtype() == dtype ? "yes" : "-");
    bool floating = false;
    for (Tensor& t : in) {
      floating = floating || is_floating(t.dtype());
      t = to(t, dtype);
    }
    if (!in.empty() && !floating) note(cells[column], refusal([&] { row.call(in); }));
  }
}

/// Whether an extent of 1 in one argument means the same as its elements repeated, where no other will do.
void check_broadcasting(const OpRow& row, Cells& cells) {
  note(cells[broadcasting], "-");
  if (row.arguments.size() < 2) return;
  const Tensors in = variables(row);
  for (std::size_t k = 0; k < in.size(); ++k)
    for (int axis = 0; axis < in[k].rank(); ++axis) {
      const std::int64_t extent = in[k].shape()[axis];
      if (extent < 2) continue;
      Tensors few = in, many = in, more = in;
      few[k] = split(in[k].detach(), 1, axis)[0];
      many[k] = broadcast_to(few[k], in[k].shape());
      more[k] = concatenate({many[k], few[k]}, axis);
      for (Tensors* list : {&few, &many})
        if (in[k].is_leaf()) (*list)[k] = variable((*list)[k]);
      INFO("argument " << k << ", axis " << axis);
      Tensor y;
      const std::string word = refusal([&] { y = row.call(few); });
      if (word == "ShapeError") note(cells[broadcasting], word);
      if (word != "yes" || refusal([&] { row.call(more); }) != "ShapeError" || !same_bits(y, row.call(many))) continue;
      note(cells[broadcasting], "yes");
      if (!row.differentiable || !in[k].is_leaf()) continue;
      const Tensors found = gradients(row, few), all = gradients(row, many);
      for (std::size_t i = 0; i < found.size(); ++i)
        CHECK(distance(found[i], found[i].shape() == all[i].shape() ? all[i] : sum(all[i], axis, true)) < 1e-14);
    }
}

/// Arguments large enough that threads share the work; the row itself where its call fits no other shapes.
OpRow enlarged(const OpRow& row) {
  if (row.elementwise) return with_shapes(row, std::vector<Shape>(row.arguments.size(), Shape{70'003}));
  for (const std::int64_t factor : {96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2}) {
    std::vector<Shape> shapes;
    std::int64_t elements = 0;
    for (const Argument& argument : row.arguments) {
      shapes.push_back(argument.shape);
      for (int axis = 0; axis < shapes.back().rank(); ++axis) shapes.back()[axis] *= factor;
      elements += shapes.back().size();
    }
    OpRow large = with_shapes(row, shapes);
    if (elements <= 120'000 && refusal([&] { large.call(constants(large)); }) == "yes") return large;
  }
  return row;
}

/// The same bits in value and gradients again, and for any number of threads.
void check_determinism(const OpRow& sample, Cells& cells) {
  const OpRow row = enlarged(sample);
  const Tensors in = variables(row), xs = leaves(in);
  const Tensor seed = row.differentiable ? seed_for(row.call(in)) : Tensor();
  const auto run = [&](int count) {
    const Threads scope(count);
    Tape tape;
    Tensors all{row.call(in)};
    if (row.differentiable)
      for (const Tensor& g : tape.gradient(all[0], xs, {.seed = seed})) all.push_back(g);
    return all;
  };
  const Tensors expected = run(1);
  for (const int count : {1, 2, 3, 4}) {
    const Tensors found = run(count);
    INFO(count << " threads");
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(same_bits(found[i], expected[i]));
  }
  note(cells[same_again], "yes");
}

/// Forward and backward, once warm.
void check_heap_calls(const OpRow& row, Cells& cells) {
#ifdef XGRAD_COUNTS_HEAP_CALLS
  const Tensors in = variables(row), xs = leaves(in);
  Tensors out(xs.size());
  const Tensor seed = row.differentiable ? seed_for(row.call(in)) : Tensor();
  const Threads one(1);  // of several, one may come by its first memory late
  const long calls = heap_calls_in(
      [&] {
        Tape tape;
        const Tensor y = row.call(in);
        if (row.differentiable) tape.gradient(y, xs.data(), out.data(), xs.size(), {.seed = seed});
      },
      10);
  note(cells[no_heap], calls == 0 ? "yes" : "no");
#else
  static_cast<void>(row), static_cast<void>(cells);
#endif
}

/// The row with no elements along an axis: of one argument, of all whose axis is as long, or along all as long as it.
std::vector<OpRow> emptied(const OpRow& row) {
  std::vector<OpRow> variants;
  std::vector<std::vector<Shape>> seen;
  for (std::size_t k = 0; k < row.arguments.size(); ++k)
    for (int axis = 0; axis < row.arguments[k].shape.rank(); ++axis)
      for (int reach = 0; reach < 3; ++reach) {
        const std::int64_t extent = row.arguments[k].shape[axis];
        std::vector<Shape> shapes;
        for (const Argument& argument : row.arguments) {
          shapes.push_back(argument.shape);
          for (int i = 0; i < shapes.back().rank(); ++i) {
            const bool same_place = shapes.size() == k + 1 && i == axis;
            if (same_place || (shapes.back()[i] == extent && (reach == 2 || (reach == 1 && i == axis))))
              shapes.back()[i] = 0;
          }
        }
        if (extent == 0 || std::find(seen.begin(), seen.end(), shapes) != seen.end()) continue;
        seen.push_back(shapes);
        variants.push_back(with_shapes(row, shapes));
      }
  return variants;
}

/// What the row shows, at all sizes it takes.
void measure(const OpRow& row, Cells& cells) {
  std::vector<OpRow> samples{row};
  if (row.elementwise)
    for (const Shape& shape : {Shape{}, Shape{1}, Shape{19}, Shape{0}, Shape{2, 0}})
      samples.push_back(with_shapes(row, std::vector<Shape>(row.arguments.size(), shape)));
  else
    for (const OpRow& variant : emptied(row)) {
      const std::string word = refusal([&] { row.call(constants(variant)); });
      note(cells[zero_size], word);
      if (word == "yes") samples.push_back(variant);
    }
  for (const OpRow& sample : samples) {
    INFO(title(sample));
    if (sample.differentiable) check_derivatives(sample, cells), check_forward(sample, cells);
    else check_constant(sample, cells);
    check_dtypes(sample, cells);
    bool empty = row.call(constants(sample)).size() == 0;
    for (const Argument& argument : sample.arguments) empty = empty || argument.shape.size() == 0;
    if (empty) note(cells[zero_size], "yes");
  }
  INFO(title(row));
  check_other_dtypes(row, cells);
  check_broadcasting(row, cells);
  check_determinism(row, cells);
  check_heap_calls(row, cells);
}

/// `add` of a line that starts with it.
std::string name_in(const std::string& line) {
  return line.starts_with("| `") ? line.substr(3, line.find('`', 3) - 3) : std::string();
}

}  // namespace

TEST_CASE("ops: what each can do is what docs/capabilities.md says", "[ops][capabilities]") {
  const std::string path = XGRAD_SOURCES "/docs/capabilities.md", setting = "XGRAD_WRITE_CAPABILITIES";
  std::vector<std::string> lines, names;
  std::map<std::string, std::string> documented;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (const std::string name = name_in(line); name.empty()) lines.push_back(line);
    else documented[name] = line, names.push_back(name);
  file.close();
  for (const std::string& name : op_names()) {
    Cells cells;
    for (const OpRow& row : op_table()) {
      if (row.name != name) continue;
      try {
        measure(row, cells);
      } catch (const std::exception& error) {
        FAIL_CHECK(title(row) << " threw " << error.what());
      }
    }
    std::string line = "| `" + name + "` |";
    for (const std::string& cell : cells) line += " " + cell + " |";
#ifndef XGRAD_COUNTS_HEAP_CALLS
    const std::string& said = documented[name];  // nobody has counted: the last cell is what it was
    line = line.substr(0, line.rfind("  |") + 1) + said.substr(std::min(said.size(), said.rfind(" | ") + 3));
#endif
    lines.push_back(line);
    INFO("docs/capabilities.md has " << documented[name]);
    if (!std::getenv(setting.c_str()) && documented[name] != line)
      FAIL_CHECK("measured " << line << "\nIf that is meant, run this test with " << setting << "=1 to write it");
  }
  CHECK((std::getenv(setting.c_str()) || names == op_names()));
  if (!std::getenv(setting.c_str())) return;
  std::ofstream out(path);
  for (const std::string& line : lines) out << line << "\n";
}

}  // namespace xgrad::tests
