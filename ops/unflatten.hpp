#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// One axis made several, of the extents in `shape`. Shares the elements. Extents that do not multiply to that
/// axis's are a ShapeError.
Tensor unflatten(const Operand& x, int axis, const Shape& shape);

}  // namespace xgrad
