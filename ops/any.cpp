#include <xgrad/ops/any.hpp>

#include <xgrad/ops/equal.hpp>
#include <xgrad/ops/greater.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/not_equal.hpp>
#include <xgrad/ops/sum.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "any"};

Tensor is_set(const Tensor& x) { return x.dtype() == DType::boolean ? x : x != 0; }

}  // namespace

Tensor any(const Operand& x, const Axes& axes, bool keepdims) {
  const Call call(op, x);
  const CallScope scope(call);
  return sum(is_set(call.in(0)), axes, keepdims) > 0;
}

}  // namespace xgrad
