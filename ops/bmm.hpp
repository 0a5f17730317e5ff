#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The products of two batches of matrices, (B, n, k) and (B, k, m): matmul() without broadcasting. Other shapes are a
/// ShapeError.
Tensor bmm(const Operand& a, const Operand& b);

}  // namespace xgrad
