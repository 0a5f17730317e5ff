#include <xgrad/ops/expand.hpp>

#include <xgrad/ops/broadcast_to.hpp>
#include <xgrad/ops/internal/axes.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "expand"};

}  // namespace

Tensor expand(const Operand& x, std::initializer_list<std::int64_t> extents) {
  const Call call(op, x);
  const Shape& shape = call.shape(0);
  const int added = static_cast<int>(extents.size()) - shape.rank();
  Shape target;
  for (i64 extent : extents) {
    const int axis = target.rank() - added;
    if (extent == -1 && axis >= 0) extent = shape[axis];
    if (extent < 0) call.fail<ShapeError>("extent {} of a new axis: the argument is {}", extent, describe(call.in(0)));
    target.push_back(extent, call.site());
  }
  const CallScope scope(call);
  return broadcast_to(call.in(0), target);
}

}  // namespace xgrad
