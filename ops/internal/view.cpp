#include <xgrad/engine/internal/observe.hpp>
#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/ops/internal/view.hpp>

#include <algorithm>
#include <cstdlib>

namespace xgrad::detail {
namespace {

const Op plain_view = view_op("view"), plain_put = put_op("put");

/// Whether no two indices name the same element: then every stride steps over all that smaller ones reach.
bool is_one_to_one(const View& view) noexcept {
  i64 reach = 0, smaller = -1;  // of the axes seen so far, and the largest of their strides
  for (int seen = 0; seen < view.shape.rank();) {
    i64 step = INT64_MAX, span = 0;
    int alike = 0;
    for (int i = 0; i < view.shape.rank(); ++i) {
      const i64 stride = std::abs(view.strides[i]);
      if (view.shape[i] <= 1 || stride <= smaller || stride > step) continue;
      alike = stride < step ? 1 : alike + 1;
      step = stride, span = stride * (view.shape[i] - 1);
    }
    if (alike == 0) return true;
    if (alike > 1 || step <= reach) return false;
    reach += span, smaller = step, ++seen;
  }
  return true;
}

/// For an Observer: a permutation of all axes is an "order"; a range of each a "start", "stop" and "step" as a slice
/// has them, where an axis that has an index is one long. Any other view has no settings.
void note_view(const View& view) {
  const Strides dense = dense_strides(view.whole);
  const int rank = view.whole.rank(), axes = view.shape.rank();
  Setting order = setting("order");
  for (int axis = 0; axis < axes && view.offset == 0; ++axis)
    for (int from = 0; from < rank; ++from)
      if (view.strides[axis] == dense[from] && view.shape[axis] == view.whole[from] &&
          std::count(order.values.begin(), order.values.end(), from) == 0) {
        order.values.push_back(from);
        break;
      }
  if (axes == rank && std::ssize(order.values) == rank) return note({order});

  Setting start = setting("start"), stop = setting("stop"), step = setting("step");
  constexpr double beyond = 0x1p52;
  int axis = 0;
  for (int from = 0; from < rank && view.shape.size() > 0; ++from) {
    const i64 extent = view.whole[from], first = view.offset / dense[from] % extent;
    const i64 by = axis < axes && view.strides[axis] % dense[from] == 0 ? view.strides[axis] / dense[from] : 0;
    const i64 last = by == 0 ? 0 : first + by * (view.shape[axis] - 1);
    const bool is_range = by != 0 && last >= 0 && last < extent;
    // Counted from the end that it goes to, so that it is the same for an array with more on that axis.
    const bool back = is_range && by < 0;
    const i64 end = is_range ? last + by : first + 1, origin = back ? extent : 0;
    start.values.push_back(static_cast<double>(first - origin));
    stop.values.push_back(is_range && end >= extent ? beyond : end < 0 ? -beyond : static_cast<double>(end - origin));
    step.values.push_back(is_range ? static_cast<double>(by) : 1);
    axis += is_range;
  }
  if (axis == axes) note({start, stop, step});
}

char* at(void* elements, DType dtype, i64 offset) noexcept {
  return static_cast<char*>(elements) + offset * item_size(dtype);
}

}  // namespace

Tensor take(Call& call, const View& view) {
  const Tensor& x = call.in(0);
  Output out(x.dtype(), view.shape);
  launch({writes(out), reads(x)}, [dtype = x.dtype(), view](Pointers p) {
    copy_strided(dtype, view.shape, at(p[1], dtype, view.offset), view.strides, p[0], dense_strides(view.shape));
  });
  if (observed()) note_view(view);
  return call.record(out.finish(), view);
}

Tensor copy_of(const Operand& x) {
  Call call(plain_view, x);
  return take(call, View(call.shape(0)));
}

Tensor reordered(const Tensor& x, const int* order) {
  if (std::is_sorted(order, order + x.rank())) return x;
  const Strides strides = dense_strides(x.shape());
  View view(x.shape(), 0);
  for (int i = 0; i < x.rank(); ++i) view.add_axis(x.shape()[order[i]], strides[order[i]]);
  const Operand from(x);
  Call call(plain_view, from);
  return take(call, view);
}

Tensor put(Call& call, const View& view) {
  const Tensor& x = call.in(0);
  const DType dtype = x.dtype();
  Output out(dtype, view.whole);
  launch({writes(out), reads(x)}, [dtype, view](Pointers p) {
    const bool once = is_one_to_one(view), everywhere = once && view.shape.size() == view.whole.size();
    if (!everywhere) std::memset(p[0], 0, static_cast<std::size_t>(view.whole.size() * item_size(dtype)));
    (once ? copy_strided : add_strided)(dtype, view.shape, p[1], dense_strides(view.shape),
                                        at(p[0], dtype, view.offset), view.strides);
  });
  return call.record(out.finish(), view);
}

// A part of an array adds to its place in that array's gradient, so that n parts do not take n arrays.
void view_vjp(Vjp& d) {
  const View& view = d.attributes<View>();
  const bool partial = view.shape.size() < view.whole.size();
  if (const Elements to = partial ? d.gradient(0) : Elements(); to.data) {
    const bool has_value = to.access == Elements::updates;
    return launch({to, reads(d.grad())}, [dtype = d.grad().dtype(), view, has_value](Pointers p) {
      if (!has_value) std::memset(p[0], 0, static_cast<std::size_t>(view.whole.size() * item_size(dtype)));
      add_strided(dtype, view.shape, p[1], dense_strides(view.shape), at(p[0], dtype, view.offset), view.strides);
    });
  }
  const Operand g(d.grad());
  Call call(plain_put, g);
  d.add(0, put(call, view));
}

void put_vjp(Vjp& d) {
  const Operand g(d.grad());
  Call call(plain_view, g);
  d.add(0, take(call, d.attributes<View>()));
}

}  // namespace xgrad::detail
