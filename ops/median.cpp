#include <xgrad/ops/median.hpp>

#include <xgrad/ops/add.hpp>
#include <xgrad/ops/equal.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/sort.hpp>
#include <xgrad/ops/where.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "median"};

}  // namespace

Tensor median(const Operand& x, int axis, bool keepdims) {
  const Call call(op, x);
  call.floating();
  const Shape& shape = call.shape(0);
  axis = normal_axis(call, axis, shape.rank());
  const i64 n = shape[axis];
  if (n == 0) call.fail<ValueError>("of no elements: axis {} of {}", axis, describe(call.in(0)));
  const CallScope scope(call);
  const Tensor sorted = sort(call.in(0), axis).values;
  const auto at = [&](i64 i) {
    Slice range[max_rank];
    range[axis] = keepdims ? Slice(i, i + 1) : Slice(i);
    return slice(sorted, range, static_cast<std::size_t>(axis) + 1);
  };
  const Tensor middle = n % 2 == 1 ? at(n / 2) : 0.5 * (at(n / 2 - 1) + at(n / 2)), last = at(n - 1);
  return where(last == last, middle, last);  // nan comes last
}

Tensor median(const Operand& x) {
  const Call call(op, x);
  const CallScope scope(call);
  return median(reshape(call.in(0), {call.in(0).size()}), 0);
}

}  // namespace xgrad
