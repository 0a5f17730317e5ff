#include <xgrad/ops/randint.hpp>

#include <xgrad/engine/internal/random.hpp>
#include <xgrad/ops/internal/axes.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "randint"};

}  // namespace

Tensor randint(Random& random, std::int64_t low, std::int64_t high, const Shape& shape, Site site) {
  if (high <= low) fail<ValueError>(op.name, site, "from {} to below {}", low, high);
  if (low < 0 && high > INT64_MAX + low)
    fail<ValueError>(op.name, site, "from {} to below {}: more than 2^63", low, high);
  const SiteScope scope(op.name, site);
  Output out(DType::int64, shape);
  fill_randomly<i64>(out, shape.size(), random, [=](Stream& stream) { return low + stream.below(high - low); });
  return out.finish();
}

}  // namespace xgrad
