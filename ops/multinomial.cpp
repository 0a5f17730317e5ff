#include <xgrad/ops/multinomial.hpp>

#include <algorithm>
#include <cmath>

#include <xgrad/engine/internal/random.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/to.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "multinomial"};

/// Takes one place, whose weight becomes 0 unless it may come again.
i64 draw(Stream& random, double* weights, i64 classes, bool replacement) {
  double total = 0;
  for (i64 i = 0; i < classes; ++i) total += weights[i];
  double rest = random.uniform() * total;
  i64 last = 0;
  for (i64 i = 0; i < classes; ++i) {
    if (weights[i] == 0) continue;
    last = i;
    if ((rest -= weights[i]) < 0) break;
  }
  if (!replacement) weights[last] = 0;
  return last;
}

/// Of a row's weights: how many are above 0, or -1 if one is not a weight.
i64 possible(const double* weights, i64 classes) noexcept {
  i64 count = 0;
  for (i64 i = 0; i < classes; ++i) {
    if (!(weights[i] >= 0 && std::isfinite(weights[i]))) return -1;
    count += weights[i] > 0;
  }
  return count;
}

}  // namespace

Tensor multinomial(Random& random, const Operand& weights, std::int64_t count, bool replacement) {
  const Call call(op, weights);
  call.floating();
  const Shape& shape = call.shape(0);
  if (shape.rank() != 1 && shape.rank() != 2)
    call.fail<ShapeError>("weights are {}, expected (C) or (N, C)", describe(call.in(0)));
  if (count < 0) call.fail<ValueError>("{} draws", count);
  const CallScope scope(call);
  const i64 classes = shape[shape.rank() - 1], rows = shape.rank() == 2 ? shape[0] : 1;
  const Tensor all = to(call.in(0).detach(), DType::float64), memory = new_array(DType::float64, Shape({classes}));
  const i64 needed = count == 0 ? 0 : replacement ? 1 : count;
  const auto enough = [=](Pointers p) {
    const auto* const first = static_cast<const double*>(p[0]);
    for (i64 row = 0; row < rows; ++row)
      if (possible(first + row * classes, classes) < needed) return false;
    return true;
  };
  if (!launch_check({reads(all)}, enough)) {
    const auto* row = static_cast<const double*>(elements(all));
    while (possible(row, classes) >= needed) row += classes;
    const i64 n = possible(row, classes);
    if (n < 0) {
      const auto is_wrong = [](double w) { return !(w >= 0 && std::isfinite(w)); };
      call.fail<ValueError>("a weight is {}, expected 0 or more", *std::find_if(row, row + classes, is_wrong));
    }
    call.fail<ValueError>("{} draws {} replacement from {} weights above 0", count, replacement ? "with" : "without",
                          n);
  }
  Output out(DType::int64, shape.rank() == 2 ? Shape({rows, count}, call.site()) : Shape({count}, call.site()));
  launch({writes(out), writes(memory), reads(all), updates(random)}, [=](Pointers p) {
    auto* place = static_cast<i64*>(p[0]);
    auto* const left = static_cast<double*>(p[1]);  // of a row
    for (i64 row = 0; row < rows; ++row) {
      std::copy_n(static_cast<const double*>(p[2]) + row * classes, classes, left);
      for (i64 i = 0; i < count; ++i) *place++ = draw(stream_at(p[3]), left, classes, replacement);
    }
  });
  return out.finish();
}

}  // namespace xgrad
