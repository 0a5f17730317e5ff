#include <xgrad/ops/linspace.hpp>

#include <algorithm>
#include <cmath>

#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/to.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "linspace"};

}  // namespace

Tensor linspace(double start, double stop, std::int64_t count, DType dtype, Site site) {
  if (count < 0) fail<ValueError>(op.name, site, "{} numbers, expected 0 or more", count);
  const SiteScope scope(op.name, site);
  Output out(DType::float64, Shape({count}, site));
  auto* first = static_cast<double*>(out.get());
  // From the nearer end, so that both are met.
  const double step = (stop - start) / static_cast<double>(std::max<i64>(1, count - 1));
  for (i64 i = 0; i < count; ++i)
    first[i] = 2 * i < count ? start + static_cast<double>(i) * step : stop - static_cast<double>(count - 1 - i) * step;
  return to(trace_constant(out.finish()), dtype);
}

}  // namespace xgrad
