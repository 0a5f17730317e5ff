#include <xgrad/ops/broadcast_to.hpp>

#include <xgrad/engine/internal/loops.hpp>
#include <xgrad/ops/internal/axes.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "broadcast_to"};  // recorded as the engine's own expand

}  // namespace

Tensor broadcast_to(const Operand& x, const Shape& shape) {
  const Call call(op, x);
  Shape joined;
  if (!broadcast(call.shape(0), shape, joined) || joined != shape)
    call.fail<ShapeError>("{} does not broadcast to {}", describe(call.in(0)), to_string(shape));
  return expand(x, shape);
}

}  // namespace xgrad
