#include <xgrad/ops/internal/reduce.hpp>

#include <xgrad/engine/internal/observe.hpp>
#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/ops/div.hpp>
#include <xgrad/ops/equal.hpp>
#include <xgrad/ops/not_equal.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/to.hpp>
#include <xgrad/ops/where.hpp>

namespace xgrad::detail {

double reduced_count(const Shape& shape, AxisMask mask) noexcept {
  double n = 1;
  for (int i = 0; i < shape.rank(); ++i)
    if (has(mask, i)) n *= static_cast<double>(shape[i]);
  return n;
}

Tensor reduce(const Tensor& x, AxisMask mask, const Shape& result, Reducer reducer) {
  i64 left = 0;
  each_run(x.shape(), mask, [&](const Middle&) { ++left; });
  if (left == 0) return x.clone();
  Tensor current = x;
  each_run(x.shape(), mask, [&](const Middle& m) {
    Output out(x.dtype(), --left ? Shape{m.outer, m.inner} : result);
    launch({writes(out), reads(current)},
           [reducer, dtype = x.dtype(), m](Pointers p) { reducer(dtype, p[1], m, p[0]); });
    current = out.finish();
  });
  return current;
}

void note_axes(AxisMask mask) {
  if (!observed()) return;
  Setting axes = setting("axes");
  for (int axis = 0; axis < max_rank; ++axis)
    if (has(mask, axis)) axes.values.push_back(axis);
  note({axes});
}

Tensor extremum(const Op& op, const Operand& x, const Axes& axes, bool keepdims, Reducer reducer) {
  Call call(op, x);
  const Shape& shape = call.shape(0);
  if (call.in(0).dtype() == DType::boolean)
    call.fail<DTypeError>("argument 1 is {}, expected float32, float64 or int64; convert with to(x, dtype)",
                          describe(call.in(0)));
  const AxisMask mask = normal_axes(call, axes, shape.rank());
  const Shape kept = keep_axes(shape, mask);
  if (shape.size() == 0 && kept.size() > 0) call.fail<ValueError>("of no elements: x is {}", describe(call.in(0)));
  note_axes(mask);
  return call.record(reduce(call.in(0), mask, keepdims ? kept : drop_axes(shape, mask), reducer), mask);
}

Tensor arg_extremum(const Call& call, const Tensor& key, const Axes& axes, bool keepdims) {
  const Tensor& x = call.in(0);
  const Shape& shape = x.shape();
  if (x.dtype() == DType::boolean)
    call.fail<DTypeError>("argument 1 is {}, expected float32, float64 or int64; convert with to(x, dtype)",
                          describe(x));
  if (axes.count() > 1) call.fail<ShapeError>("{} axes, expected one, or none for all", axes.count());
  const AxisMask mask = normal_axes(call, axes, shape.rank());
  const Middle m = axes.all() ? Middle{1, x.size(), 1} : middle(shape, normal_axis(call, axes[0], shape.rank()));
  if (m.n == 0 && m.outer * m.inner > 0) call.fail<ValueError>("of no elements: x is {}", describe(x));
  Output out(DType::int64, keepdims ? keep_axes(shape, mask) : drop_axes(shape, mask));
  launch({writes(out), reads(key)}, [dtype = x.dtype(), m](Pointers p) { argmax_along(dtype, p[1], m, p[0]); });
  return out.finish();
}

void extremum_vjp(Vjp& d) {
  const auto mask = d.attributes<AxisMask>();
  const Tensor x = d.in(0);
  const Shape kept = keep_axes(x.shape(), mask);
  const Tensor out = reshape(d.out(), kept);
  const Tensor hit = where(not_equal(out, out), not_equal(x, x), equal(x, out));  // a nan is equal to none
  const Tensor share = reshape(d.grad(), kept) / to(sum_axes(hit, mask, true), x.dtype());
  d.add(0, where(hit, share, 0));
}

}  // namespace xgrad::detail
