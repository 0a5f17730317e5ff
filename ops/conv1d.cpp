#include <xgrad/ops/conv1d.hpp>

#include <xgrad/ops/internal/conv.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = conv_op("conv1d");

}  // namespace

Tensor conv1d(const Operand& x, const Operand& weight, const ConvOptions& options) {
  Call call(op, x, weight);
  return convolution(call, options, true);
}

Tensor conv1d(const Operand& x, const Operand& weight, const Operand& bias, const ConvOptions& options) {
  Call call(op, x, weight, bias);
  return convolution(call, options, true);
}

}  // namespace xgrad
