#include <xgrad/ops/index_add.hpp>

#include <algorithm>

#include <xgrad/ops/add.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/pick.hpp>
#include <xgrad/ops/mul.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "index_add"};

}  // namespace

Tensor index_add(const Operand& x, int axis, const Operand& index, const Operand& source, double alpha) {
  const Call call(op, x, index, source);
  axis = normal_axis(call, axis, call.shape(0).rank());
  const Slices slices = slices_along(call, axis, 1);
  if (call.shape(2) != slices.shape)
    call.fail<ShapeError>("source is {}, expected {}: x is {}, index {}", to_string(call.shape(2)),
                          to_string(slices.shape), to_string(call.shape(0)), to_string(call.shape(1)));
  same_dtypes(call, 0, 2);
  const CallScope scope(call);
  const Tensor added = alpha == 1 ? call.in(2) : call.in(2) * alpha;
  return call.in(0) + add_rows(added, slices.rows, {call.shape(0), slices.shape, slices.row});
}

}  // namespace xgrad
