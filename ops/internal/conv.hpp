#pragma once
// Convolutions as operations.
#include <xgrad/engine/internal/op.hpp>
#include <xgrad/ops/conv2d.hpp>

namespace xgrad::detail {

void conv_vjp(Vjp& d);
void conv_transpose_vjp(Vjp& d);
constexpr Op conv_op(const char* name) noexcept {
  return {.name = name, .reads = {reads_in(1), reads_in(0)}, .vjp = conv_vjp};
}
constexpr Op conv_transpose_op(const char* name) noexcept {
  return {.name = name, .reads = {reads_in(1), reads_in(0)}, .vjp = conv_transpose_vjp};
}

/// Of a call of such an op, whose arguments are x, weight and maybe a bias; `line`: in one dimension.
Tensor convolution(Call& call, const ConvOptions& options, bool line);
Tensor transposed_convolution(Call& call, const ConvOptions& options, Pair output_padding);

}  // namespace xgrad::detail
