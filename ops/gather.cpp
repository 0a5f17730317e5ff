#include <xgrad/ops/gather.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/pick.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = pick_op("gather");

}  // namespace

Tensor gather(const Operand& x, int axis, const Operand& index) {
  Call call(op, x, index);
  axis = normal_axis(call, axis, call.shape(0).rank());
  const Tensor places = places_along(call, axis, 1);
  return pick(call, places, {call.shape(0), places.shape()});
}

}  // namespace xgrad
