#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Axes moved to other places, the rest in order: numpy's moveaxis. As many sources as destinations, none twice, or it
/// is a ShapeError.
Tensor movedim(const Operand& x, const Axes& from, const Axes& to);

}  // namespace xgrad
