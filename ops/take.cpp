#include <xgrad/ops/take.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/pick.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = pick_op("take");

}  // namespace

Tensor take(const Operand& x, const Operand& index) {
  Call call(op, x, index);
  const Tensor places = checked_indices(call, 1, call.in(0).size(), true);
  return pick(call, places, {call.shape(0), places.shape()});
}

}  // namespace xgrad
