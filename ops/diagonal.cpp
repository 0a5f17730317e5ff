#include <xgrad/ops/diagonal.hpp>

#include <algorithm>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/view.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = view_op("diagonal");

}  // namespace

Tensor diagonal(const Operand& x, std::int64_t offset, int axis1, int axis2) {
  Call call(op, x);
  const Shape& shape = call.shape(0);
  const AxisMask mask = normal_axes(call, {axis1, axis2}, shape.rank());
  const int row = normal_axis(call, axis1, shape.rank()), column = normal_axis(call, axis2, shape.rank());
  const Strides strides = dense_strides(shape);
  offset = std::clamp(offset, -shape[row], shape[column]);
  const i64 length = std::min(shape[row] + std::min<i64>(offset, 0), shape[column] - std::max<i64>(offset, 0));
  View view(shape, length > 0 ? (offset < 0 ? -offset * strides[row] : offset * strides[column]) : 0);
  for (int i = 0; i < shape.rank(); ++i)
    if (!has(mask, i)) view.add_axis(shape[i], strides[i]);
  view.add_axis(std::max<i64>(length, 0), strides[row] + strides[column]);
  return take(call, view);
}

}  // namespace xgrad
