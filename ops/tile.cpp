#include <xgrad/ops/tile.hpp>

#include <algorithm>

#include <xgrad/ops/broadcast_to.hpp>
#include <xgrad/ops/internal/along.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/view.hpp>
#include <xgrad/ops/reshape.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "tile"};

}  // namespace

Tensor tile(const Operand& x, const std::int64_t* reps, std::size_t count) {
  const Call call(op, x);
  const int rank = call.shape(0).rank(), given = static_cast<int>(count), axes = std::max(rank, given);
  Shape shape;
  for (int i = 0; i < axes; ++i) shape.push_back(i < axes - rank ? 1 : call.shape(0)[i - (axes - rank)], call.site());
  const CallScope scope(call);
  const bool once = std::all_of(reps, reps + count, [](i64 times) { return times == 1; });
  Tensor y = reshape(once ? copy_of(call.in(0)) : call.in(0), shape);
  for (int i = axes - given; i < axes; ++i) {
    const i64 times = reps[i - (axes - given)];
    if (times < 0) call.fail<ValueError>("{} times, expected 0 or more: x is {}", times, describe(call.in(0)));
    if (times == 1) continue;
    const Middle m = middle(shape, i);
    Shape longer(shape.begin(), i);
    longer.push_back(m.n * std::min(times, max_size), call.site());
    for (int k = i + 1; k < axes; ++k) longer.push_back(shape[k], call.site());
    shape = longer;
    const Tensor apart = reshape(y, {m.outer, 1, m.n * m.inner});
    y = reshape(broadcast_to(apart, {m.outer, times, m.n * m.inner}), shape);
  }
  return y;
}

Tensor tile(const Operand& x, std::initializer_list<std::int64_t> reps) { return tile(x, reps.begin(), reps.size()); }

}  // namespace xgrad
