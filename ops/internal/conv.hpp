#pragma once
// Convolutions, as products of a weight matrix with windows in columns.
#include <xgrad/engine/internal/op.hpp>
#include <xgrad/ops/conv2d.hpp>

namespace xgrad::detail {

/// The call's arguments are x, weight and maybe a bias; `line`: in one dimension.
Tensor convolution(const Call& call, const ConvOptions& options, bool line);
Tensor transposed_convolution(const Call& call, const ConvOptions& options, Pair output_padding);

}  // namespace xgrad::detail
