#include <xgrad/ops/index_select.hpp>

#include <xgrad/ops/internal/along.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/pick.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = pick_op("index_select");

}  // namespace

Tensor index_select(const Operand& x, int axis, const Operand& index) {
  Call call(op, x, index);
  axis = normal_axis(call, axis, call.shape(0).rank());
  const Slices slices = slices_along(call, axis, 1);
  return pick(call, slices.rows, {call.shape(0), slices.shape, slices.row});
}

}  // namespace xgrad
