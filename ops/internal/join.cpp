#include <xgrad/engine/internal/observe.hpp>
#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/ops/internal/join.hpp>

#include <xgrad/ops/internal/strided.hpp>
#include <xgrad/ops/slice.hpp>

namespace xgrad::detail {

Tensor join(Call& call, const Join& form, const Shape& shape) {
  const DType dtype = call.in(0).dtype();
  const i64 item = item_size(dtype);
  i64 outer = 1, inner = 1;
  for (int i = 0; i < form.axis; ++i) outer *= shape[i];
  for (int i = form.axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  Output out(dtype, shape), offsets(DType::int64, {call.count() + 1});
  auto* offset = static_cast<i64*>(offsets.get());
  *offset = 0;
  for (int i = 0; i < call.count(); ++i, ++offset) {
    const i64 extent = form.stacked ? 1 : call.shape(i)[form.axis];
    const Shape part{outer, extent * inner};
    Strides to = dense_strides(part);
    to[0] = shape[form.axis] * inner;
    const Elements whole = writes(out);
    launch({i == 0 ? whole : Elements{whole.data, whole.body, Elements::updates}, reads(call.in(i))},
           [dtype, part, to, first = *offset * inner * item](Pointers p) {
             copy_strided(dtype, part, p[1], dense_strides(part), static_cast<char*>(p[0]) + first, to);
           });
    offset[1] = *offset + extent;
  }
  if (observed()) note({setting("axis", form.axis)});
  return call.record(out.finish(), form, offsets.finish());
}

void join_vjp(Vjp& d) {
  const auto& form = d.attributes<Join>();
  const Tensor offsets = d.extra();
  const auto* offset = static_cast<const i64*>(elements(offsets));
  Slice part[max_rank];
  for (int i = 0; i < d.count(); ++i, ++offset) {
    if (!d.wanted(i)) continue;
    part[form.axis] = form.stacked ? Slice(offset[0]) : Slice(offset[0], offset[1]);
    d.add(i, slice(d.grad(), part, static_cast<std::size_t>(form.axis) + 1));
  }
}

}  // namespace xgrad::detail
