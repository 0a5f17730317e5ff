#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// A dense layer with the weights of one output in a row: x W^T + b.
///     dx = g W,  dW = g^T x,  db = g summed over its rows
/// x (..., in), weight (out, in), bias (out,); the result is (..., out). float32 or float64, all the same (DTypeError);
/// extents that do not fit are a ShapeError.
Tensor linear(const Operand& x, const Operand& weight);
Tensor linear(const Operand& x, const Operand& weight, const Operand& bias);

}  // namespace xgrad
