#include <xgrad/ops/norm.hpp>

#include <cmath>

#include <xgrad/ops/abs.hpp>
#include <xgrad/ops/div.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/root.hpp>
#include <xgrad/ops/max.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/pow.hpp>
#include <xgrad/ops/square.hpp>
#include <xgrad/ops/sum.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "norm"};

}  // namespace

Tensor norm(const Operand& x, double ord, const Axes& axes, bool keepdims) {
  const Call call(op, x);
  call.floating();
  if (!(ord > 0)) call.fail<ValueError>("ord is {}, expected a number above 0 or INFINITY", ord);
  const CallScope scope(call);
  const Tensor& v = call.in(0);
  if (ord == 1) return sum(abs(v), axes, keepdims);
  if (ord == 2) return root(sum(square(v), axes, keepdims));
  const Tensor magnitude = abs(v);
  if (std::isinf(ord)) return max(magnitude, axes, keepdims);
  const Tensor power = sum(pow(magnitude, ord), axes, keepdims), positive = power > 0;
  return where(positive, pow(where(positive, power, 1), 1 / ord), power.detach());
}

}  // namespace xgrad
