#include <xgrad/ops/bernoulli.hpp>

#include <xgrad/engine/internal/random.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/to.hpp>

#include <algorithm>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "bernoulli"};

i64 first_outside(const void* chances, i64 n) noexcept {
  const auto* const p = static_cast<const double*>(chances);
  return std::find_if(p, p + n, [](double x) { return !(x >= 0 && x <= 1); }) - p;
}

}  // namespace

Tensor bernoulli(Random& random, const Operand& p) {
  const Call call(op, p);
  const DType dtype = call.floating();
  const CallScope scope(call);
  const Tensor chances = to(call.in(0).detach(), DType::float64);
  const i64 n = chances.size();
  if (!launch_check({reads(chances)}, [n](Pointers at) { return first_outside(at[0], n) == n; })) {
    const i64 i = first_outside(elements(chances), n);
    call.fail<ValueError>("element {} of {} is {}, expected a probability", position(call.shape(0), i),
                          describe(call.in(0)), static_cast<const double*>(elements(chances))[i]);
  }
  Output out(DType::boolean, call.shape(0));
  launch({writes(out), updates(random), reads(chances)}, [n](Pointers at) {
    for (i64 i = 0; i < n; ++i)
      static_cast<bool*>(at[0])[i] = stream_at(at[1]).uniform() < static_cast<const double*>(at[2])[i];
  });
  return to(out.finish(), dtype);
}

}  // namespace xgrad
