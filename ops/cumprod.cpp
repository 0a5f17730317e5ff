#include <xgrad/ops/cumprod.hpp>

#include <xgrad/ops/concatenate.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/view.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/slice.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "cumprod"};

}  // namespace

Tensor cumprod(const Operand& x, int axis) {
  const Call call(op, x);
  Tensor y = call.in(0);
  if (y.dtype() == DType::boolean)
    call.fail<DTypeError>("argument 1 is {}, expected float32, float64 or int64; convert with to(x, dtype)",
                          describe(y));
  axis = normal_axis(call, axis, y.rank());
  const CallScope scope(call);
  const auto part = [&](const Tensor& t, i64 from, i64 to) {
    Slice range[max_rank];
    range[axis] = Slice(from, to);
    return slice(t, range, static_cast<std::size_t>(axis) + 1);
  };
  // After a step each element is the product of as many as the step reaches back.
  const i64 n = y.shape()[axis];
  if (n <= 1) return copy_of(y);
  for (i64 reach = 1; reach < n; reach *= 2)
    y = concatenate({part(y, 0, reach), part(y, reach, n) * part(y, 0, n - reach)}, axis);
  return y;
}

}  // namespace xgrad
