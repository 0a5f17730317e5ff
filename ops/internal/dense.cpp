#include <xgrad/ops/internal/dense.hpp>

#include <xgrad/engine/internal/product.hpp>
#include <xgrad/engine/internal/rows.hpp>
#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/matmul.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/transpose.hpp>

namespace xgrad::detail {
namespace {

i64 features_of(const Shape& x, int axes) noexcept {
  i64 n = 1;
  for (int i = x.rank() - axes; i < x.rank(); ++i) n *= x[i];
  return n;
}

/// x as a matrix with `columns` columns.
Tensor matrix(const Tensor& x, i64 rows, i64 columns) {
  return x.rank() == 2 && x.shape()[1] == columns ? x : reshape(x, Shape{rows, columns});
}

void check(const Call& call, const Dense& form, i64 in) {
  const Shape& w = call.shape(1);
  const auto refuse = [&](const std::string& what) {
    std::string shapes = fmt::format("x is {}, weight is {}", to_string(call.shape(0)), to_string(w));
    if (call.count() == 3) shapes += fmt::format(", bias is {}", to_string(call.shape(2)));
    call.fail<ShapeError>("{}: {}", what, shapes);
  };
  const char* const order = form.transposed ? "(out, in)" : "(in, out)";
  if (w.rank() != 2) refuse(fmt::format("weight needs two axes {}", order));
  if (const i64 takes = w[form.transposed ? 1 : 0]; takes != in)
    refuse(fmt::format("x has {} features a row, weight, {}, takes {}", in, order, takes));
  const i64 out = w[form.transposed ? 0 : 1];
  if (call.count() == 3 && call.shape(2) != Shape{out}) refuse(fmt::format("bias needs shape ({},)", out));
}

}  // namespace

Tensor dense(Call& call, const Dense& form) {
  const DType dtype = call.floating();
  const Shape& x = call.shape(0);
  const i64 in = features_of(x, form.features), rows = Shape(x.begin(), x.rank() - form.features).size();
  check(call, form, in);
  const i64 out = call.shape(1)[form.transposed ? 0 : 1];
  const CallScope scope(call);
  Shape shape(x.begin(), x.rank() - form.features);
  shape.push_back(out);

  Output y(dtype, shape);
  const bool bias = call.count() == 3;
  launch({writes(y), reads(call.in(0)), reads(call.in(1)), reads(call.in(bias ? 2 : 1))},
         [dtype, transposed = form.transposed, rows, out, in, bias](Pointers p) {
           product(dtype, false, transposed, rows, out, in, p[1], in, p[2], transposed ? in : out, p[0], out, false,
                   bias ? p[3] : nullptr);
         });
  return call.record(y.finish(), form);
}

void dense_vjp(Vjp& d) {
  const auto& form = d.attributes<Dense>();
  // What goes back to x alone is rows times the weights, for any number of gradients.
  const bool x_alone = !d.wanted(1) && !(d.count() == 3 && d.wanted(2));
  const Tensor all = x_alone ? all_rows(d) : Tensor(), &g = all.defined() ? all : d.grad();
  const i64 out = g.shape()[g.rank() - 1], rows = Shape(g.shape().begin(), g.rank() - 1).size();
  const Tensor g_rows = matrix(g, rows, out);
  if (d.wanted(0)) {
    const Shape x = d.shape(0);
    Shape shape(g.shape().begin(), all.defined() ? 1 : 0);
    for (const i64 extent : x) shape.push_back(extent);
    const Tensor w = d.in(1);
    if (all.defined() && rows == out && rows_are_identity(d))
      d.add(0, reshape(form.transposed ? w : transpose(w), shape));
    else d.add(0, reshape(matmul(g_rows, false, w, !form.transposed), shape));
  }
  if (d.wanted(1)) {
    const Tensor x = d.in(0), x_rows = matrix(x, rows, features_of(x.shape(), form.features));
    const Tensor &left = form.transposed ? g_rows : x_rows, &right = form.transposed ? x_rows : g_rows;
    const i64 m = left.shape()[1], n = right.shape()[1];
    // A weight that is used again: the product adds to what there is. A single row's is an outer product.
    if (const Elements to = rows > 1 ? d.gradient(1) : Elements(); to.data)
      launch({to, reads(left), reads(right)},
             [dtype = g.dtype(), m, n, rows, add = to.access == Elements::updates](Pointers p) {
               product(dtype, true, false, m, n, rows, p[1], m, p[2], n, p[0], n, add);
             });
    else d.add(1, matmul(left, true, right, false));
  }
  if (d.count() == 3 && d.wanted(2)) d.add(2, g);
}

}  // namespace xgrad::detail
