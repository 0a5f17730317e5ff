#include <xgrad/ops/diag.hpp>

#include <algorithm>

#include <xgrad/ops/diagonal.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/view.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = put_op("diag");

}  // namespace

Tensor diag(const Operand& x, std::int64_t offset) {
  Call call(op, x);
  const Shape& shape = call.shape(0);
  if (shape.rank() == 2) {
    const CallScope scope(call);
    return diagonal(call.in(0), offset);
  }
  if (shape.rank() != 1) call.fail<ShapeError>("expected one axis or two, the argument is {}", describe(call.in(0)));
  const i64 aside = std::min(std::abs(std::max(offset, -max_size)), max_size), n = shape[0] + aside;
  View view(Shape({n, n}, call.site()), offset < 0 ? aside * n : aside);
  view.add_axis(shape[0], n + 1);
  return put(call, view);
}

}  // namespace xgrad
