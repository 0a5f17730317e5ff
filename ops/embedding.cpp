#include <xgrad/ops/embedding.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/pick.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = pick_op("embedding");

}  // namespace

Tensor embedding(const Operand& weight, const Operand& index) {
  Call call(op, weight, index);
  if (call.shape(0).rank() != 2) call.fail<ShapeError>("weight is {}, expected (n, d)", describe(call.in(0)));
  const i64 rows = call.shape(0)[0], features = call.shape(0)[1];
  const Tensor places = checked_indices(call, 1, rows);
  Shape shape = places.shape();
  shape.push_back(features, call.site());
  return pick(call, places, {call.shape(0), shape, features});
}

}  // namespace xgrad
