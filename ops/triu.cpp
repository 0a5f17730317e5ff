#include <xgrad/ops/triu.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/triangle.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "triu"};

}  // namespace

Tensor triu(const Operand& x, std::int64_t k) {
  const Call call(op, x);
  return triangle(call, k, false);
}

}  // namespace xgrad
