#include <xgrad/ops/all.hpp>

#include <xgrad/ops/equal.hpp>
#include <xgrad/ops/greater.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/not_equal.hpp>
#include <xgrad/ops/sum.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "all"};

Tensor unset(const Tensor& x) { return x.dtype() == DType::boolean ? equal(x, zeros({}, DType::boolean)) : x == 0; }

}  // namespace

Tensor all(const Operand& x, const Axes& axes, bool keepdims) {
  const Call call(op, x);
  const CallScope scope(call);
  return sum(unset(call.in(0)), axes, keepdims) == 0;
}

}  // namespace xgrad
