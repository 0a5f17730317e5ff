#include <xgrad/ops/affine.hpp>

#include <xgrad/ops/internal/dense.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "affine", .reads = {reads_in(1), reads_in(0)}, .vjp = dense_vjp};

Tensor affine(Call& call) {
  const int rank = call.shape(0).rank();
  if (rank == 0) call.fail<ShapeError>("x is 0-d, expected (N, ...)");
  return dense(call, {.features = rank - 1, .transposed = false});
}

}  // namespace

Tensor affine(const Operand& x, const Operand& weight) {
  Call call(op, x, weight);
  return affine(call);
}

Tensor affine(const Operand& x, const Operand& weight, const Operand& bias) {
  Call call(op, x, weight, bias);
  return affine(call);
}

}  // namespace xgrad
