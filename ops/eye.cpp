#include <xgrad/ops/eye.hpp>

#include <algorithm>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/to.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "eye"};

}  // namespace

Tensor eye(std::int64_t n, std::int64_t columns, DType dtype, Site site) {
  const SiteScope scope(op.name, site);
  Tensor y = zeros(Shape({n, columns}, site), DType::boolean);
  auto* first = static_cast<bool*>(Access::body(y)->data);
  for (i64 i = 0; i < std::min(n, columns); ++i) first[i * (columns + 1)] = true;
  return to(y, dtype);
}

}  // namespace xgrad
