#include <xgrad/ops/transpose.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/strided.hpp>

namespace xgrad {
namespace {

using namespace detail;

struct Permutation {
  int axes[max_rank];
};

Tensor permuted(const Operand& x, const Permutation& order);

const Op op{.name = "transpose", .vjp = [](Vjp& d) {
              const auto& order = d.attributes<Permutation>();
              Permutation back{};
              for (int i = 0; i < d.grad().rank(); ++i) back.axes[order.axes[i]] = i;
              d.add(0, permuted(d.grad(), back));
            }};

Permutation permutation_of(const Call& call, const Axes& axes, int rank) {
  Permutation order{};
  if (!axes.all() && axes.count() != rank)
    call.fail<ShapeError>("{} axes for {}, expected each of its {} axes once", axes.count(), describe(call.in(0)),
                          rank);
  normal_axes(call, axes, rank);
  for (int i = 0; i < rank; ++i) order.axes[i] = axes.all() ? rank - 1 - i : normal_axis(call, axes[i], rank);
  return order;
}

Tensor permuted(Call& call, const Permutation& order) {
  const Tensor& x = call.in(0);
  const Strides from = dense_strides(x.shape());
  Shape shape = x.shape();
  Strides strides;
  for (int i = 0; i < shape.rank(); ++i) {
    shape[i] = x.shape()[order.axes[i]];
    strides[i] = from[order.axes[i]];
  }
  Output out(x.dtype(), shape);
  copy_strided(x.dtype(), shape, elements(x), strides, out.get(), dense_strides(shape));
  return call.record(out.finish(), order);
}

Tensor permuted(const Operand& x, const Permutation& order) {
  Call call(op, x);
  return permuted(call, order);
}

}  // namespace

Tensor transpose(const Operand& x, const Axes& axes) {
  Call call(op, x);
  return permuted(call, permutation_of(call, axes, call.shape(0).rank()));
}

}  // namespace xgrad
