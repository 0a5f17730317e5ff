#include <xgrad/ops/rms_norm.hpp>

#include <xgrad/ops/add.hpp>
#include <xgrad/ops/div.hpp>
#include <xgrad/ops/internal/normalize.hpp>
#include <xgrad/ops/sqrt.hpp>
#include <xgrad/ops/square.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "rms_norm"};

}  // namespace

Tensor rms_norm(const Operand& x, const Shape& normalized, const Tensor& weight, double eps) {
  const Call call(op, x);
  check_normalized(call, normalized, weight, {});
  const CallScope scope(call);
  const Tensor& v = call.in(0);
  return scaled(v / sqrt(mean_axes(square(v), last_axes(call, normalized)) + eps), weight, {});
}

}  // namespace xgrad
