// The three operations every sweep needs: adding two gradients, summing one back to the shape its input was
// broadcast from, and that sum's own derivative, the broadcast.
#include <xgrad/engine/internal/arrays.hpp>
#include <xgrad/engine/internal/graph.hpp>
#include <xgrad/engine/internal/loops.hpp>
#include <xgrad/engine/internal/op.hpp>

#include <cstring>

namespace xgrad::detail {
namespace {

const Op accumulate_op{.name = "accumulate", .vjp = [](Vjp& d) {
                         d.add(0, d.grad());
                         d.add(1, d.grad());
                       }};
const Op sum_to_op{.name = "sum_to", .vjp = [](Vjp& d) { d.add(0, expand(d.grad(), d.shape(0))); }};
const Op expand_op{.name = "broadcast_to", .vjp = [](Vjp& d) { d.add(0, sum_to(d.grad(), d.shape(0))); }};

}  // namespace

Tensor accumulate(const Operand& a, const Operand& b) {
  Call call(accumulate_op, a, b);
  Output out(call.in(0).dtype(), call.shape(0));
  std::memcpy(out.get(), elements(call.in(0)),
              static_cast<std::size_t>(call.in(0).size() * item_size(call.in(0).dtype())));
  add_into(call.in(0).dtype(), out.get(), elements(call.in(1)), call.in(0).size());
  return call.record(out.finish());
}

// Sums away one run of neighbouring broadcast axes after the other, innermost first.
Tensor sum_to(const Operand& x, const Shape& shape) {
  Call call(sum_to_op, x);
  Tensor current = call.in(0).detach();
  const int offset = current.rank() - shape.rank();
  const auto broadcast_axis = [&](int axis) {
    return axis < offset || (shape[axis - offset] == 1 && x.tensor->shape()[axis] != 1);
  };
  int end = current.rank();
  Shape extents = current.shape();
  while (end > 0) {
    if (!broadcast_axis(end - 1)) {
      --end;
      continue;
    }
    int begin = end;
    while (begin > 0 && broadcast_axis(begin - 1)) --begin;
    i64 outer = 1, n = 1, inner = 1;
    for (int i = 0; i < extents.rank(); ++i) {
      (i < begin ? outer : i < end ? n : inner) *= extents[i];
      if (i >= begin && i < end) extents[i] = 1;
    }
    const bool last = [&] {
      for (int i = 0; i < begin; ++i)
        if (broadcast_axis(i)) return false;
      return true;
    }();
    Output out(current.dtype(), last ? shape : extents);
    sum_middle(current.dtype(), elements(current), outer, n, inner, out.get());
    current = out.finish();
    end = begin;
  }
  if (current.shape() != shape)
    current = shape.rank() ? view(current, shape) : scalar_tensor(current.dtype(), current.item());
  return call.record(std::move(current));
}

Tensor expand(const Operand& x, const Shape& shape) {
  Call call(expand_op, x);
  if (call.shape(0) == shape) return call.record(call.in(0).clone());
  Output out(call.in(0).dtype(), shape);
  const Shape* from[] = {&call.shape(0)};
  if (shape.size() > 0)
    copy_elements(call.in(0).dtype(), broadcast_loop(shape, from, 1), elements(call.in(0)), out.get());
  return call.record(out.finish());
}

}  // namespace xgrad::detail
