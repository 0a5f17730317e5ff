#include <xgrad/ops/repeat_interleave.hpp>

#include <algorithm>

#include <xgrad/ops/broadcast_to.hpp>
#include <xgrad/ops/internal/along.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/reshape.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "repeat_interleave"};

}  // namespace

Tensor repeat_interleave(const Operand& x, std::int64_t repeats, int axis) {
  const Call call(op, x);
  Shape shape = call.shape(0);
  axis = normal_axis(call, axis, shape.rank());
  if (repeats < 0) call.fail<ValueError>("{} times, expected 0 or more: x is {}", repeats, describe(call.in(0)));
  const CallScope scope(call);
  const Middle m = middle(shape, axis);
  shape = Shape(shape.begin(), axis);
  shape.push_back(m.n * std::min(repeats, max_size), call.site());
  for (int i = axis + 1; i < call.shape(0).rank(); ++i) shape.push_back(call.shape(0)[i], call.site());
  const Tensor apart = reshape(call.in(0), {m.outer * m.n, 1, m.inner});
  return reshape(broadcast_to(apart, {m.outer * m.n, repeats, m.inner}), shape);
}

}  // namespace xgrad
