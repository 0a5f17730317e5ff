#include <xgrad/ops/conv2d.hpp>

#include <xgrad/ops/internal/conv.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = conv_op("conv2d");

}  // namespace

Tensor conv2d(const Operand& x, const Operand& weight, const ConvOptions& options) {
  Call call(op, x, weight);
  return convolution(call, options, false);
}

Tensor conv2d(const Operand& x, const Operand& weight, const Operand& bias, const ConvOptions& options) {
  Call call(op, x, weight, bias);
  return convolution(call, options, false);
}

}  // namespace xgrad
