#include <xgrad/ops/tensordot.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/view.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/reshape.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "tensordot"};

/// x as a matrix: the axes in `order` from number `first` on are its columns.
Tensor as_matrix(const Tensor& x, const int* order, int first) {
  i64 rows = 1;
  for (int i = 0; i < first; ++i) rows *= x.shape()[order[i]];
  i64 columns = 1;
  for (int i = first; i < x.rank(); ++i) columns *= x.shape()[order[i]];
  return reshape(reordered(x, order), {rows, columns});
}

Tensor product(const Call& call, const int* a_axes, const int* b_axes, int count) {
  const Shape &sa = call.shape(0), &sb = call.shape(1);
  AxisMask in_a = 0, in_b = 0;
  for (int i = 0; i < count; ++i) {
    in_a |= 1u << a_axes[i], in_b |= 1u << b_axes[i];
    if (sa[a_axes[i]] != sb[b_axes[i]])
      call.fail<ShapeError>("axis {} of a and axis {} of b: a is {}, b is {}", a_axes[i], b_axes[i], to_string(sa),
                            to_string(sb));
  }
  int a_order[max_rank], b_order[max_rank], a_rest = 0, b_rest = count;
  Shape shape;
  for (int i = 0; i < sa.rank(); ++i)
    if (!has(in_a, i)) a_order[a_rest++] = i, shape.push_back(sa[i], call.site());
  for (int i = 0; i < count; ++i) a_order[a_rest + i] = a_axes[i], b_order[i] = b_axes[i];
  for (int i = 0; i < sb.rank(); ++i)
    if (!has(in_b, i)) b_order[b_rest++] = i, shape.push_back(sb[i], call.site());
  return reshape(matmul(as_matrix(call.in(0), a_order, a_rest), as_matrix(call.in(1), b_order, count)), shape);
}

}  // namespace

Tensor tensordot(const Operand& a, const Operand& b, int axes) {
  const Call call(op, a, b);
  call.floating();
  const CallScope scope(call);
  const int rank = call.shape(0).rank();
  if (axes < 0 || axes > rank || axes > call.shape(1).rank())
    call.fail<ShapeError>("{} axes: a is {}, b is {}", axes, to_string(call.shape(0)), to_string(call.shape(1)));
  int last[max_rank], first[max_rank];
  for (int i = 0; i < axes; ++i) last[i] = rank - axes + i, first[i] = i;
  return product(call, last, first, axes);
}

Tensor tensordot(const Operand& a, const Operand& b, const Axes& a_axes, const Axes& b_axes) {
  const Call call(op, a, b);
  call.floating();
  const CallScope scope(call);
  if (a_axes.count() != b_axes.count()) call.fail<ShapeError>("{} axes of a, {} of b", a_axes.count(), b_axes.count());
  normal_axes(call, a_axes, call.shape(0).rank()), normal_axes(call, b_axes, call.shape(1).rank());
  int in_a[max_rank], in_b[max_rank];
  for (int i = 0; i < a_axes.count(); ++i) {
    in_a[i] = normal_axis(call, a_axes[i], call.shape(0).rank());
    in_b[i] = normal_axis(call, b_axes[i], call.shape(1).rank());
  }
  return product(call, in_a, in_b, a_axes.count());
}

}  // namespace xgrad
