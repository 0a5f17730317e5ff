#include <xgrad/ops/bernoulli.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/to.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "bernoulli"};

}  // namespace

Tensor bernoulli(Random& random, const Operand& p) {
  const Call call(op, p);
  const DType dtype = call.floating();
  const CallScope scope(call);
  const Tensor chances = to(call.in(0).detach(), DType::float64);
  const auto* chance = static_cast<const double*>(elements(chances));
  Output out(DType::boolean, call.shape(0));
  auto* first = static_cast<bool*>(out.get());
  for (i64 i = 0; i < chances.size(); ++i) {
    if (!(chance[i] >= 0 && chance[i] <= 1))
      call.fail<ValueError>("element {} of {} is {}, expected a probability", position(call.shape(0), i),
                            describe(call.in(0)), chance[i]);
    first[i] = random.uniform() < chance[i];
  }
  return to(out.finish(), dtype);
}

}  // namespace xgrad
