#include <xgrad/ops/tril.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/triangle.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "tril"};

}  // namespace

Tensor tril(const Operand& x, std::int64_t k) {
  const Call call(op, x);
  return triangle(call, k, true);
}

}  // namespace xgrad
