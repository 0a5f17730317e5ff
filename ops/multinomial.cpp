#include <xgrad/ops/multinomial.hpp>

#include <cmath>
#include <vector>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/to.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "multinomial"};

/// Takes one place, whose weight becomes 0 unless it may come again.
i64 draw(Random& random, std::vector<double>& weights, bool replacement) {
  double total = 0;
  for (double w : weights) total += w;
  double rest = random.uniform() * total;
  std::size_t last = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    last = i;
    if ((rest -= weights[i]) < 0) break;
  }
  if (!replacement) weights[last] = 0;
  return static_cast<i64>(last);
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
  const Tensor all = to(call.in(0).detach(), DType::float64);
  const auto* from = static_cast<const double*>(elements(all));
  Output out(DType::int64, shape.rank() == 2 ? Shape({rows, count}, call.site()) : Shape({count}, call.site()));
  auto* place = static_cast<i64*>(out.get());
  for (i64 row = 0; row < rows; ++row) {
    std::vector<double> left(from + row * classes, from + (row + 1) * classes);
    i64 possible = 0;
    for (double w : left) {
      if (!(w >= 0 && std::isfinite(w))) call.fail<ValueError>("a weight is {}, expected 0 or more", w);
      possible += w > 0;
    }
    if (count > 0 && possible < (replacement ? 1 : count))
      call.fail<ValueError>("{} draws {} replacement from {} weights above 0", count, replacement ? "with" : "without",
                            possible);
    for (i64 i = 0; i < count; ++i) *place++ = draw(random, left, replacement);
  }
  return out.finish();
}

}  // namespace xgrad
