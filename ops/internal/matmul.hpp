#pragma once
// Products of transposed matrices that are never transposed.
#include <xgrad/engine/internal/op.hpp>

namespace xgrad::detail {

/// matmul(a, b) with the last two axes of a swapped where `ta`, those of b where `tb`. Both have two axes or more.
Tensor matmul(const Operand& a, bool ta, const Operand& b, bool tb);

}  // namespace xgrad::detail
