#include <xgrad/ops/layer_norm.hpp>

#include <xgrad/ops/internal/normalize.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "layer_norm"};

}  // namespace

Tensor layer_norm(const Operand& x, const Shape& normalized, const Tensor& weight, const Tensor& bias, double eps) {
  const Call call(op, x);
  check_normalized(call, normalized, weight, bias);
  const CallScope scope(call);
  return scaled(standardized(call.in(0), last_axes(call, normalized), eps), weight, bias);
}

}  // namespace xgrad
