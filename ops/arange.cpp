#include <xgrad/ops/arange.hpp>

#include <algorithm>
#include <cmath>

#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/to.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "arange"};

}  // namespace

Tensor arange(double start, double stop, double step, DType dtype, Site site) {
  const double count = std::ceil((stop - start) / step);
  if (!std::isfinite(start) || !std::isfinite(stop) || !std::isfinite(step) || step == 0)
    fail<ValueError>(op.name, site, "from {} to {} by {}", start, stop, step);
  if (count > static_cast<double>(max_size)) fail<ShapeError>(op.name, site, "more than 2^40 elements");
  const SiteScope scope(op.name, site);
  Output out(DType::float64, {std::max<i64>(0, static_cast<i64>(count))});
  auto* first = static_cast<double*>(out.get());
  for (i64 i = 0; i < static_cast<i64>(count); ++i) first[i] = start + static_cast<double>(i) * step;
  return to(trace_constant(out.finish()), dtype);
}

}  // namespace xgrad
