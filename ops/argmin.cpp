#include <xgrad/ops/argmin.hpp>

#include <xgrad/ops/internal/reduce.hpp>
#include <xgrad/ops/neg.hpp>
#include <xgrad/ops/sub.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "argmin"};

/// Elements in the opposite order; -x would overflow for the lowest integer.
Tensor opposite(const Tensor& x) {
  if (x.dtype() == DType::boolean) return x;
  return is_floating(x.dtype()) ? -x.detach() : -1 - x;
}

}  // namespace

Tensor argmin(const Operand& x, const Axes& axes, bool keepdims) {
  const Call call(op, x);
  const CallScope scope(call);
  return arg_extremum(call, opposite(call.in(0)), axes, keepdims);
}

}  // namespace xgrad
