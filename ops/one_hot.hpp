#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Rows of zeros with a 1 at the label, in a new last axis of `classes`: int64 unless another dtype is asked for
/// (PyTorch's is int64 always). A label outside [0, classes) is a ValueError. No derivative.
Tensor one_hot(const Operand& labels, std::int64_t classes, DType dtype = int64);

}  // namespace xgrad
