#include <xgrad/ops/split.hpp>

#include <algorithm>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/view.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = view_op("split");

std::vector<Tensor> parts(Call& call, const std::vector<std::int64_t>& sizes, int axis) {
  std::vector<Tensor> result;
  View view(call.shape(0));
  for (i64 size : sizes) {
    view.shape[axis] = size;
    result.push_back(take(call, view));
    view.offset += size * view.strides[axis];
  }
  return result;
}

}  // namespace

std::vector<Tensor> split(const Operand& x, std::int64_t size, int axis) {
  Call call(op, x);
  axis = normal_axis(call, axis, call.shape(0).rank());
  if (size < 1) call.fail<ValueError>("parts of {}, expected 1 or more: x is {}", size, describe(call.in(0)));
  const i64 n = call.shape(0)[axis];
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(n / size), size);
  if (n % size != 0 || n == 0) sizes.push_back(n % size);
  return parts(call, sizes, axis);
}

std::vector<Tensor> split(const Operand& x, const std::vector<std::int64_t>& sizes, int axis) {
  Call call(op, x);
  axis = normal_axis(call, axis, call.shape(0).rank());
  i64 left = call.shape(0)[axis];
  for (i64 size : sizes) {
    if (size < 0) call.fail<ValueError>("a part of {}: x is {}", size, describe(call.in(0)));
    left -= std::min(size, left + 1);
  }
  if (left != 0)
    call.fail<ShapeError>("parts of {} do not add up to axis {} of {}", fmt::join(sizes, " + "), axis,
                          describe(call.in(0)));
  return parts(call, sizes, axis);
}

}  // namespace xgrad
