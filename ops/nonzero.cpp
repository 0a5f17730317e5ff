#include <xgrad/ops/nonzero.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/pick.hpp>
#include <xgrad/ops/not_equal.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "nonzero"};

}  // namespace

Tensor nonzero(const Operand& x) {
  const Call call(op, x);
  const Shape& shape = call.shape(0);
  const CallScope scope(call);
  const Tensor places = set_places(call.in(0).dtype() == DType::boolean ? call.in(0) : not_equal(call.in(0), 0));
  Output out(DType::int64, {places.size(), shape.rank()});
  const auto* from = static_cast<const i64*>(elements(places));
  auto* to = static_cast<i64*>(out.get());
  for (i64 k = 0; k < places.size(); ++k)
    for (i64 rest = from[k], axis = shape.rank(); axis-- > 0; rest /= shape[static_cast<int>(axis)])
      to[k * shape.rank() + axis] = rest % shape[static_cast<int>(axis)];
  return out.finish();
}

}  // namespace xgrad
