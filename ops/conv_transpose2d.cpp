#include <xgrad/ops/conv_transpose2d.hpp>

#include <xgrad/ops/internal/conv.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = conv_transpose_op("conv_transpose2d");

}  // namespace

Tensor conv_transpose2d(const Operand& x, const Operand& weight, const ConvOptions& options, Pair output_padding) {
  Call call(op, x, weight);
  return transposed_convolution(call, options, output_padding);
}

Tensor conv_transpose2d(const Operand& x, const Operand& weight, const Operand& bias, const ConvOptions& options,
                        Pair output_padding) {
  Call call(op, x, weight, bias);
  return transposed_convolution(call, options, output_padding);
}

}  // namespace xgrad
