#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The smallest element over the given axes, all of them where none is given, nan where one is; keepdims leaves the
/// axes in with extent 1. The gradient goes to that element, in equal parts where there are several. Also for int64;
/// boolean is a DTypeError. An axis that x does not have, or one given twice, is a ShapeError; no elements, a
/// ValueError.
Tensor min(const Operand& x, const Axes& axes = {}, bool keepdims = false);

}  // namespace xgrad
