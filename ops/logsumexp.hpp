#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// log(sum of e^x) over the given axes, all of them where none is given, from x less its largest element, so that
/// nothing overflows; keepdims leaves the axes in with extent 1. The derivative is softmax over those axes: nan where
/// they hold nothing but -inf (so is PyTorch's) or an inf. float32 or float64 (DTypeError). Of no elements: -inf. An
/// axis that x does not have, or one given twice, is a ShapeError.
Tensor logsumexp(const Operand& x, const Axes& axes = {}, bool keepdims = false);

}  // namespace xgrad
