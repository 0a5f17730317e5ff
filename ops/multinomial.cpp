#include <xgrad/ops/multinomial.hpp>

#include <algorithm>
#include <cmath>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/to.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "multinomial"};

/// Takes one place, whose weight becomes 0 unless it may come again.
i64 draw(Random& random, double* weights, i64 classes, bool replacement) {
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
  const auto* from = static_cast<const double*>(elements(all));
  auto* const left = static_cast<double*>(Access::body(memory)->data);  // of a row
  Output out(DType::int64, shape.rank() == 2 ? Shape({rows, count}, call.site()) : Shape({count}, call.site()));
  auto* place = static_cast<i64*>(out.get());
  for (i64 row = 0; row < rows; ++row) {
    std::copy_n(from + row * classes, classes, left);
    i64 possible = 0;
    for (i64 i = 0; i < classes; ++i) {
      const double w = left[i];
      if (!(w >= 0 && std::isfinite(w))) call.fail<ValueError>("a weight is {}, expected 0 or more", w);
      possible += w > 0;
    }
    if (count > 0 && possible < (replacement ? 1 : count))
      call.fail<ValueError>("{} draws {} replacement from {} weights above 0", count, replacement ? "with" : "without",
                            possible);
    for (i64 i = 0; i < count; ++i) *place++ = draw(random, left, classes, replacement);
  }
  return out.finish();
}

}  // namespace xgrad
