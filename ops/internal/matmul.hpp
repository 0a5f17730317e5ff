#pragma once
// Products of transposed matrices that are never transposed.
#include <xgrad/engine/internal/op.hpp>

namespace xgrad::detail {

/// matmul(a, b) with the last two axes of a swapped where `ta`, those of b where `tb`. Both have two axes or more.
Tensor matmul(const Operand& a, bool ta, const Operand& b, bool tb);

/// ShapeError where an extent is more than a BLAS takes.
void check_product_extents(const Call& call, i64 m, i64 n, i64 k);

}  // namespace xgrad::detail
