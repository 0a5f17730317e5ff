#include <xgrad/ops/dropout.hpp>

#include <xgrad/engine/internal/random.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/view.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/where.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "dropout"};

}  // namespace

Tensor dropout(const Operand& x, double p, Random& random, bool training) {
  const Call call(op, x);
  call.floating();
  if (!(p >= 0 && p <= 1)) call.fail<ValueError>("p is {}, expected a probability", p);
  const CallScope scope(call);
  if (!training || p == 0) return copy_of(call.in(0));
  const Shape& shape = call.shape(0);
  Output kept(DType::boolean, shape);
  fill_randomly<bool>(kept, shape.size(), random, [p](Stream& stream) { return stream.uniform() >= p; });
  return where(kept.finish(), call.in(0) * (p < 1 ? 1 / (1 - p) : 0), 0);
}

}  // namespace xgrad
