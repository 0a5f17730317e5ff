#include <xgrad/ops/scatter.hpp>

#include <algorithm>

#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/ops/broadcast_to.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/pick.hpp>
#include <xgrad/ops/internal/scatter.hpp>
#include <xgrad/ops/internal/view.hpp>
#include <xgrad/ops/where.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "scatter"};

}  // namespace

Tensor scatter(const Operand& x, int axis, const Operand& index, const Operand& source) {
  const Call call(op, x, index, source);
  axis = normal_axis(call, axis, call.shape(0).rank());
  const Tensor places = places_along(call, axis, 1);
  same_dtypes(call, 0, 2);
  const Shape& whole = call.shape(0);
  const CallScope scope(call);
  const Tensor used = source.tensor ? source_part(call, 2, places.shape()) : broadcast_to(call.in(2), places.shape());
  // Which element of the source each place takes.
  Output taken(DType::int64, whole), replaced(DType::boolean, whole);
  launch({writes(taken), writes(replaced), reads(places)}, [n = whole.size(), count = places.size()](Pointers p) {
    auto* from = static_cast<i64*>(p[0]);
    auto* mask = static_cast<bool*>(p[1]);
    std::fill(from, from + n, 0);
    std::fill(mask, mask + n, false);
    const auto* to = static_cast<const i64*>(p[2]);
    for (i64 k = 0; k < count; ++k) from[to[k]] = k, mask[to[k]] = true;
  });
  if (places.size() == 0) return copy_of(call.in(0));
  return where(replaced.finish(), pick(used, taken.finish(), {places.shape(), whole}), call.in(0));
}

}  // namespace xgrad
