// Rows of solve, inv, det and the decompositions. Sample matrices are made well conditioned; what has a sign of its own
// (eigenvectors, singular vectors) is squared.
#include "op_table.hpp"
#include "op_table_rows.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

using T = const Tensor&;

Argument matrix(Shape shape, double diagonal = 3) { return {shape, -1, 1, float64, diagonal}; }

/// Symmetric, with eigenvalues far from each other.
Tensor symmetric(T x) {
  const std::int64_t n = x.shape()[x.rank() - 1];
  return (x + swapaxes(x, -1, -2)) * 0.25 + diag(to(arange(n) * 2, x.dtype()));
}
/// Symmetric and positive definite.
Tensor positive(T x) { return matmul(x, swapaxes(x, -1, -2)) + eye(x.shape()[x.rank() - 1], x.dtype()) * 2.0; }

}  // namespace

void add_linalg(std::vector<OpRow>& rows) {
  const Rows add{rows};
  const auto one = [&](const char* name, const char* text, Tensor (*f)(T), std::initializer_list<Argument> arguments) {
    for (const Argument& argument : arguments)
      add.row(name, text, [f](const Tensors& in) { return f(in[0]); }, {argument});
  };
  const auto prepared = [&](const char* name, const char* text, Tensor (*f)(T), std::initializer_list<Shape> shapes) {
    for (const Shape& shape : shapes) one(name, text, f, {matrix(shape, 0)}), rows.back().prepares = true;
  };
  for (const auto& [a, b] : {std::pair<Shape, Shape>{{3, 3}, {3}},
                             {{3, 3}, {3, 2}},
                             {{1, 1}, {1}},
                             {{2, 3, 3}, {2, 3}},
                             {{2, 3, 3}, {3}},
                             {{2, 3, 3}, {2, 3, 2}},
                             {{2, 3, 3}, {3, 2}},
                             {{3, 3}, {2, 3, 2}},
                             {{2, 1, 2, 2}, {3, 2, 1}},
                             {{0, 0}, {0}},
                             {{0, 0}, {0, 2}},
                             {{2, 2}, {2, 0}},
                             {{0, 2, 2}, {2, 1}}})
    add.row("solve", "solve(a, b)", [](const Tensors& in) { return solve(in[0], in[1]); }, {matrix(a), {b, -1, 1}});
  add.row("solve", "solve(a, b)", [](const Tensors& in) { return solve(in[0], in[1]); },
          {matrix({3, 3}), matrix({3, 3})});
  const std::initializer_list<Argument> squares = {matrix({3, 3}),    matrix({1, 1}), matrix({2, 2, 2}),
                                                   matrix({0, 3, 3}), matrix({0, 0}), matrix({2, 0, 0})};
  one(
      "inv", "inv(x)", [](T x) { return inv(x); }, squares);
  one(
      "det", "det(x)", [](T x) { return det(x); }, squares);
  one(
      "slogdet", "slogdet(x).logabsdet", [](T x) { return slogdet(x).logabsdet; }, squares);
  one("slogdet", "sign e^logabsdet of slogdet(x)",
      [](T x) {
        const auto [sign, logabsdet] = slogdet(x);
        return sign * exp(logabsdet);
      },
      {matrix({3, 3}, -2)});
  prepared("cholesky", "cholesky(x x^T + 2)", [](T x) { return cholesky(positive(x)); },
           {{3, 3}, {1, 1}, {2, 2, 2}, {0, 0}, {0, 2, 2}});

  const std::initializer_list<Argument> shapes = {matrix({3, 3}),    matrix({4, 2}),    matrix({2, 4}),
                                                  matrix({2, 3, 2}), matrix({2, 2, 3}), matrix({1, 1}),
                                                  matrix({3, 0}),    matrix({0, 3}),    matrix({0, 3, 2})};
  one(
      "qr", "qr(x).q", [](T x) { return qr(x).q; }, shapes);
  one(
      "qr", "qr(x).r", [](T x) { return qr(x).r; }, shapes);
  one("qr", "q r^2 of qr(x)",
      [](T x) {
        const auto [q, r] = qr(x);
        return matmul(q, square(r));
      },
      {matrix({4, 3})});
  one(
      "svd", "square(svd(x).u)", [](T x) { return square(svd(x).u); }, shapes);
  one(
      "svd", "svd(x).s", [](T x) { return svd(x).s; }, shapes);
  one(
      "svd", "square(svd(x).vt)", [](T x) { return square(svd(x).vt); }, shapes);
  one("svd", "u s^2 vt of svd(x)",
      [](T x) {
        const auto [u, s, vt] = svd(x);
        return matmul(u * unsqueeze(square(s), -2), vt);
      },
      {matrix({4, 3}), matrix({3, 4})});

  prepared("eigh", "eigh(x + x^T).values", [](T x) { return eigh(symmetric(x)).values; },
           {{3, 3}, {1, 1}, {2, 2, 2}, {0, 0}, {0, 2, 2}});
  prepared("eigh", "square(eigh(x + x^T).vectors)", [](T x) { return square(eigh(symmetric(x)).vectors); },
           {{3, 3}, {1, 1}, {2, 2, 2}, {0, 0}, {0, 2, 2}});
  prepared("eigh", "v w^3 v^T of eigh(x + x^T)",
           [](T x) {
             const auto [w, v] = eigh(symmetric(x));
             return matmul(v * unsqueeze(pow(w, 3.0), -2), swapaxes(v, -1, -2));
           },
           {{3, 3}});
}

}  // namespace xgrad::tests
