#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Factors to take with their last two axes swapped, of which they need two: read as they are, where
/// matmul(transpose(a), b) makes a copy first. Products of matrices have the same bits either way.
struct MatmulOptions {
  bool transpose_a = false, transpose_b = false;
};

/// The matrix product by numpy's rules: (m, k) times (k, n) is (m, n); axes in front are a batch, and broadcast; a 1-D
/// argument is a row on the left or a column on the right, and that axis is not in the result.
///     c = a b;  da = g b^T,  db = a^T g
/// float32 or float64, both the same (DTypeError). Inner extents that differ, batches that do not broadcast, and 0-d
/// arguments are a ShapeError.
Tensor matmul(const Operand& a, const Operand& b, const MatmulOptions& options);
inline Tensor matmul(const Operand& a, const Operand& b) { return matmul(a, b, MatmulOptions()); }

}  // namespace xgrad
