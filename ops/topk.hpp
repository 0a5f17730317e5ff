#pragma once
#include <xgrad/ops/sort.hpp>

namespace xgrad {

/// The k largest elements along an axis, largest first, and where they were; with `largest` false the smallest,
/// smallest first. More than the axis has, or less than 0, is a ShapeError.
Sorted topk(const Operand& x, std::int64_t k, int axis = -1, bool largest = true);

}  // namespace xgrad
