// Elementwise ops over every pairing of shapes that broadcast.
#include <xgrad/gradcheck.hpp>

#include "catch.hpp"
#include "op_table.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

struct Pairing {
  Shape a, b, result;
};
const Pairing pairings[] = {
    {{3, 4}, {3, 4}, {3, 4}},
    {{3, 4}, {4}, {3, 4}},
    {{3, 1}, {1, 4}, {3, 4}},
    {{3, 4}, {3, 1}, {3, 4}},
    {{3, 4}, {1}, {3, 4}},
    {{}, {3, 4}, {3, 4}},
    {{}, {}, {}},
    {{2, 1, 4}, {3, 1}, {2, 3, 4}},
    {{1}, {3}, {3}},
    {{1, 1}, {1}, {1, 1}},
    {{}, {1}, {1}},
    {{1, 3}, {3}, {1, 3}},
    {{0, 3}, {3}, {0, 3}},
    {{0}, {1}, {0}},
    {{2, 0}, {}, {2, 0}},
    {{1, 3}, {0, 1}, {0, 3}},
    {{2, 3, 1}, {3, 4}, {2, 3, 4}},
    {{2, 1, 3, 1}, {4, 1, 2}, {2, 4, 3, 2}},
};

/// The pairing and its reverse; a third argument goes with the first.
std::vector<std::vector<Shape>> shapes_for(const OpRow& row, const Pairing& p) {
  if (row.arguments.size() == 3) return {{p.a, p.b, p.a}, {p.b, p.a, p.a}, {p.a, p.a, p.b}, {p.b, p.a, {}}};
  if (p.a == p.b) return {{p.a, p.b}};
  return {{p.a, p.b}, {p.b, p.a}};
}

}  // namespace

TEST_CASE("ops: broadcasting is calling with arguments that were expanded", "[ops][broadcast]") {
  for (const OpRow& row : op_table()) {
    if (!row.elementwise || row.arguments.size() < 2) continue;
    DYNAMIC_SECTION(row.text) {
      for (const Pairing& p : pairings)
        for (const auto& shapes : shapes_for(row, p)) {
          const OpRow sample = with_shapes(row, shapes);
          INFO(title(sample));
          for (DType dtype : {float32, float64}) {
            const Tensors in = constants(sample, dtype);
            Tensors expanded;
            for (const Tensor& t : in) expanded.push_back(broadcast_to(t, p.result));
            const Tensor y = row.call(in);
            CHECK(y.shape() == p.result);
            CHECK(same_bits(y, row.call(expanded)));
          }
        }
    }
  }
}

TEST_CASE("ops: derivatives of first and second order, broadcast", "[ops][broadcast]") {
  for (const OpRow& row : op_table()) {
    if (!row.elementwise || !row.differentiable || row.arguments.size() < 2) continue;
    for (const Pairing& p : pairings)
      for (const auto& shapes : shapes_for(row, p)) {
        const OpRow sample = with_shapes(row, shapes);
        DYNAMIC_SECTION(title(sample)) {
          const Tensors in = variables(sample);
          const GradcheckReport report = gradcheck(row.call, in, {.order = 2});
          INFO(report.text);
          CHECK(report.ok);
          Tape tape;
          const Tensor y = row.call(in);
          const Tensors x = leaves(in), g = tape.gradient(y, x, {.seed = ones(y.shape(), float64)});
          for (std::size_t i = 0; i < x.size(); ++i) CHECK(g[i].shape() == x[i].shape());
        }
      }
  }
}

TEST_CASE("ops: long rows, columns and whole arrays broadcast over threads", "[ops][broadcast]") {
  // Long enough to be cut in pieces, in every position of the long axis.
  const Tensor row = random_tensor({1, 300}, 0.5, 2, float32, 1), column = random_tensor({400, 1}, 0.5, 2, float32, 2);
  const Tensor matrix = random_tensor({400, 300}, 0.5, 2, float32, 3),
               flat = random_tensor({3, 1, 40'000}, 0.5, 2, float32, 4);
  const Tensor few = random_tensor({3, 2, 1}, 0.5, 2, float32, 5);
  const auto check = [](const Tensor& a, const Tensor& b, const Shape& shape) {
    const Tensor y = a / b, expected = broadcast_to(a, shape) / broadcast_to(b, shape);
    CHECK(y.shape() == shape);
    CHECK(same_bits(y, expected));
    bool right = true;
    const Tensor whole_a = broadcast_to(a, shape), whole_b = broadcast_to(b, shape);
    const float *x = whole_a.data<float>(), *z = whole_b.data<float>();
    for (std::int64_t i = 0; i < y.size(); ++i) right = right && y.data<float>()[i] == x[i] / z[i];
    CHECK(right);
  };
  check(row, column, {400, 300});
  check(matrix, row, {400, 300});
  check(column, matrix, {400, 300});
  check(flat, few, {3, 2, 40'000});
  check(few, flat, {3, 2, 40'000});
}

}  // namespace xgrad::tests
