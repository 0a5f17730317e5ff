#include <xgrad/ops/roll.hpp>

#include <xgrad/ops/concatenate.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/view.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/slice.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "roll"};

Tensor along(const Tensor& x, i64 shift, int axis) {
  const i64 n = x.shape()[axis], first = n == 0 ? 0 : (n - shift % n) % n;
  if (first == 0) return copy_of(x);
  Slice head[max_rank], tail[max_rank];
  head[axis] = Slice(0, first), tail[axis] = Slice(first, n);
  const auto count = static_cast<std::size_t>(axis) + 1;
  return concatenate({slice(x, tail, count), slice(x, head, count)}, axis);
}

}  // namespace

Tensor roll(const Operand& x, std::int64_t shift, const Axes& axes) {
  const Call call(op, x);
  const CallScope scope(call);
  Tensor y = call.in(0);
  const Shape shape = y.shape();
  if (axes.all()) return reshape(along(reshape(y, {y.size()}), shift, 0), shape);
  const AxisMask mask = normal_axes(call, axes, shape.rank());
  if (mask == 0) return copy_of(y);
  for (int i = 0; i < shape.rank(); ++i)
    if (has(mask, i)) y = along(y, shift, i);
  return y;
}

}  // namespace xgrad
