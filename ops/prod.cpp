#include <xgrad/ops/prod.hpp>

#include <xgrad/ops/add.hpp>
#include <xgrad/ops/concatenate.hpp>
#include <xgrad/ops/internal/reduce.hpp>
#include <xgrad/ops/internal/view.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/sum.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "prod"};

/// (outer, n, inner) to (outer, inner).
Tensor of_middle(Tensor x) {
  for (i64 n = x.shape()[1]; n > 1; n = x.shape()[1]) {
    const Tensor pairs = slice(x, {{}, {0, n / 2}}) * slice(x, {{}, {n / 2, n / 2 * 2}});
    x = n % 2 == 0 ? pairs : concatenate({pairs, slice(x, {{}, {n - 1, n}})}, 1);
  }
  if (x.shape()[1] == 0)
    return sum(x, 1) + ones({x.shape()[0], x.shape()[2]}, x.dtype());  // of x, if only for the tape
  return slice(x, {{}, 0});
}

}  // namespace

Tensor prod(const Operand& x, const Axes& axes, bool keepdims) {
  const Call call(op, x);
  Tensor y = call.in(0);
  const Shape shape = y.shape();
  if (y.dtype() == DType::boolean)
    call.fail<DTypeError>("argument 1 is {}, expected float32, float64 or int64; convert with to(x, dtype)",
                          describe(y));
  const AxisMask mask = normal_axes(call, axes, shape.rank());
  const CallScope scope(call);
  if (mask == 0) return copy_of(y);
  each_run(shape, mask, [&](const Middle& m) { y = of_middle(reshape(y, {m.outer, m.n, m.inner})); });
  return reshape(y, keepdims ? keep_axes(shape, mask) : drop_axes(shape, mask));
}

}  // namespace xgrad
