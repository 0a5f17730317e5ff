#pragma once
// What the losses share.
#include <xgrad/engine/internal/op.hpp>
#include <xgrad/ops/reduction.hpp>

namespace xgrad::detail {

/// What a loss is divided by: the number of its elements, of its samples, or 1.
struct Loss {
  Loss(Reduction reduction, const Shape& losses) noexcept;
  double divisor;
};

/// Their mean, their sum, or the losses themselves.
Tensor reduced(const Tensor& losses, Reduction reduction);
/// What the derivative of one of them is multiplied by: g, or its part of the mean.
Tensor weight(const Tensor& g, const Loss& loss);

/// ShapeError or DTypeError unless the two inputs are alike.
void check_pair(const Call& call);

}  // namespace xgrad::detail
