#include <xgrad/ops/linear.hpp>

#include <xgrad/ops/internal/dense.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "linear", .reads = {reads_in(1), reads_in(0)}, .vjp = dense_vjp};

Tensor linear(Call& call) {
  if (call.shape(0).rank() == 0) call.fail<ShapeError>("x is 0-d, expected (..., in)");
  return dense(call, {.features = 1, .transposed = true});
}

}  // namespace

Tensor linear(const Operand& x, const Operand& weight) {
  Call call(op, x, weight);
  return linear(call);
}

Tensor linear(const Operand& x, const Operand& weight, const Operand& bias) {
  Call call(op, x, weight, bias);
  return linear(call);
}

}  // namespace xgrad
