#include <xgrad/ops/argmax.hpp>

#include <xgrad/ops/internal/along.hpp>
#include <xgrad/ops/internal/axes.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "argmax"};

}  // namespace

Tensor argmax(const Operand& x, int axis, bool keepdims) {
  const Call call(op, x);
  const Tensor& in = call.in(0);
  const Shape& shape = in.shape();
  if (in.dtype() == DType::boolean)
    call.fail<DTypeError>("argument 1 is {}, expected float32, float64 or int64; convert with to(x, dtype)",
                          describe(in));
  axis = normal_axis(call, axis, shape.rank());
  const AxisMask mask = 1u << axis;
  const Middle m = middle(shape, axis);
  if (m.n == 0 && m.outer * m.inner > 0) call.fail<ValueError>("of no elements: axis {} of {}", axis, describe(in));
  Output out(DType::int64, keepdims ? keep_axes(shape, mask) : drop_axes(shape, mask));
  argmax_along(in.dtype(), elements(in), m, out.get());
  return out.finish();
}

}  // namespace xgrad
