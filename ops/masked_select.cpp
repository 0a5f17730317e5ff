#include <xgrad/ops/masked_select.hpp>

#include <xgrad/engine/internal/loops.hpp>
#include <xgrad/ops/broadcast_to.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/pick.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "masked_select"};

}  // namespace

Tensor masked_select(const Operand& x, const Operand& mask) {
  const Call call(op, x, mask);
  if (call.in(1).dtype() != DType::boolean) call.fail<DTypeError>("mask is {}, expected boolean", describe(call.in(1)));
  Shape shape;
  if (!broadcast(call.shape(0), call.shape(1), shape))
    call.fail<ShapeError>("shapes do not broadcast: x is {}, mask is {}", to_string(call.shape(0)),
                          to_string(call.shape(1)));
  const CallScope scope(call);
  const Tensor from = broadcast_to(call.in(0), shape);
  const Tensor places = set_places(broadcast_to(call.in(1), shape));
  return pick(from, places, {shape, places.shape()});
}

}  // namespace xgrad
