#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Without the axes of extent 1, or without those named. Shares the elements. An axis of another extent is a
/// ShapeError, as in numpy.
Tensor squeeze(const Operand& x, const Axes& axes = {});

}  // namespace xgrad
