#include <xgrad/ops/logsumexp.hpp>

#include <xgrad/engine/tape.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/equal.hpp>
#include <xgrad/ops/exp.hpp>
#include <xgrad/ops/internal/reduce.hpp>
#include <xgrad/ops/log.hpp>
#include <xgrad/ops/max.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/sub.hpp>
#include <xgrad/ops/where.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "logsumexp"};  // recorded as what it is made of

/// What the exponents are measured from: the largest, or 0 where that is infinite, or there is none.
Tensor top_of(const Tensor& x, const Axes& axes, const Shape& kept) {
  if (x.size() == 0) return zeros(kept, x.dtype());
  const NoGrad constant;
  const Tensor top = max(x, axes, true);
  return where(top - top == 0, top, 0);
}

}  // namespace

// A derivative taken of the result, e^(x - y), would have the rounding of y in its exponent: this one is exact.
Tensor logsumexp(const Operand& x, const Axes& axes, bool keepdims) {
  const Call call(op, x);
  call.floating();
  const Tensor& in = call.in(0);
  const AxisMask mask = normal_axes(call, axes, in.rank());
  const CallScope scope(call);
  const Tensor top = top_of(in, axes, keep_axes(in.shape(), mask));
  const Tensor y = log(sum_axes(exp(in - top), mask, true)) + top;
  return keepdims || mask == 0 ? y : reshape(y, drop_axes(in.shape(), mask));
}

}  // namespace xgrad
