// The three operations every sweep needs: adding two gradients, summing one back to the shape its input was
// broadcast from, and that sum's own derivative, the broadcast.
#include <xgrad/engine/internal/arrays.hpp>
#include <xgrad/engine/internal/graph.hpp>
#include <xgrad/engine/internal/loops.hpp>
#include <xgrad/engine/internal/op.hpp>
#include <xgrad/engine/internal/trace.hpp>

#include <cstring>

namespace xgrad::detail {
namespace {

struct Expand {
  DType dtype;
  Loop loop;
  i64 extent = 0, grain = 1;  // see Sliceable
  u32 aligned = 1;

  Expand(DType dtype_, const Loop& loop_) : dtype(dtype_), loop(loop_) {
    if (loop.axes == 1) extent = loop.extent[0];
    if (loop.stride[1][0] == 1) aligned |= 2;
  }
  void operator()(Pointers p) const { copy_elements(dtype, loop, p[1], p[0]); }
  void run(Pointers p, i64 begin, i64 end) const {
    const i64 item = item_size(dtype);
    Loop piece = loop;
    piece.extent[0] = end - begin;
    copy_elements(dtype, piece, static_cast<const char*>(p[1]) + begin * loop.stride[1][0] * item,
                  static_cast<char*>(p[0]) + begin * item);
  }
};

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
  launch({writes(out), reads(call.in(0)), reads(call.in(1))},
         [dtype = call.in(0).dtype(), n = call.in(0).size()](Pointers p) {
           std::memcpy(p[0], p[1], static_cast<std::size_t>(n * item_size(dtype)));
           add_into(dtype, p[0], p[2], n);
         });
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
    launch({writes(out), reads(current)},
           [dtype = current.dtype(), outer, n, inner](Pointers p) { sum_middle(dtype, p[1], outer, n, inner, p[0]); });
    current = out.finish();
    end = begin;
  }
  if (current.shape() != shape)
    current = shape.rank() || tracing() ? view(current, shape) : scalar_tensor(current.dtype(), current.item());
  return call.record(std::move(current));
}

Tensor expand(const Operand& x, const Shape& shape) {
  Call call(expand_op, x);
  if (call.shape(0) == shape) return call.record(call.in(0).clone());
  Output out(call.in(0).dtype(), shape);
  const Shape* from[] = {&call.shape(0)};
  if (shape.size() > 0)
    launch({writes(out), reads(call.in(0))}, Expand(call.in(0).dtype(), broadcast_loop(shape, from, 1)));
  return call.record(out.finish());
}

}  // namespace xgrad::detail
