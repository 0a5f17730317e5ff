#include <xgrad/ops/unflatten.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/reshape.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "unflatten"};

}  // namespace

Tensor unflatten(const Operand& x, int axis, const Shape& shape) {
  const Call call(op, x);
  const Shape& whole = call.shape(0);
  axis = normal_axis(call, axis, whole.rank());
  if (shape.size() != whole[axis])
    call.fail<ShapeError>("axis {} of {} has {} elements, {} has {}", axis, describe(call.in(0)), whole[axis],
                          to_string(shape), shape.size());
  const CallScope scope(call);
  Shape split(whole.begin(), axis);
  for (std::int64_t extent : shape) split.push_back(extent, call.site());
  for (int i = axis + 1; i < whole.rank(); ++i) split.push_back(whole[i], call.site());
  return reshape(call.in(0), split);
}

}  // namespace xgrad
