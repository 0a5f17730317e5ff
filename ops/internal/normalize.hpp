#pragma once
// What the normalizing ops share.
#include <xgrad/ops/internal/reduce.hpp>

namespace xgrad::detail {

/// The mean over axes, which stay in with extent 1.
Tensor mean_axes(const Tensor& x, AxisMask axes);
/// (x - mean) / sqrt(biased variance + eps) over axes.
Tensor standardized(const Tensor& x, AxisMask axes, double eps);
/// x weight + bias, of those that are defined.
Tensor scaled(const Tensor& x, const Tensor& weight, const Tensor& bias);

/// The last axes of the call's argument, as many as there are extents.
AxisMask last_axes(const Call& call, const Shape& normalized) noexcept;
/// ShapeError or DTypeError unless the argument ends in these extents, and weight and bias, where defined, have them.
void check_normalized(const Call& call, const Shape& normalized, const Tensor& weight, const Tensor& bias);

/// ShapeError or DTypeError unless the argument is (N, C, ...) and each of the others (C) or undefined.
void check_channels(const Call& call, std::initializer_list<const Tensor*> others);
/// (C) as (1, C, 1, ...); undefined stays so.
Tensor per_channel(const Tensor& t, const Shape& shape);

}  // namespace xgrad::detail
