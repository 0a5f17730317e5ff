#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// A dense layer with the weights of one output in a column: x W + b, where each x[i] counts as one row.
///     dx = g W^T,  dW = x^T g,  db = g summed over its rows
/// x (N, ...) of in elements a row, weight (in, out), bias (out,); the result is (N, out). float32 or float64, all the
/// same (DTypeError); extents that do not fit are a ShapeError.
Tensor affine(const Operand& x, const Operand& weight);
Tensor affine(const Operand& x, const Operand& weight, const Operand& bias);

}  // namespace xgrad
