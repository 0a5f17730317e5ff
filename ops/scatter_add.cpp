#include <xgrad/ops/scatter_add.hpp>

#include <xgrad/ops/add.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/pick.hpp>
#include <xgrad/ops/internal/scatter.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "scatter_add"};

}  // namespace

Tensor scatter_add(const Operand& x, int axis, const Operand& index, const Operand& source) {
  const Call call(op, x, index, source);
  axis = normal_axis(call, axis, call.shape(0).rank());
  const Tensor places = places_along(call, axis, 1);
  same_dtypes(call, 0, 2);
  const Tensor used = source_part(call, 2, places.shape());
  const CallScope scope(call);
  return call.in(0) + add_rows(used, places, {call.shape(0), places.shape()});
}

}  // namespace xgrad
