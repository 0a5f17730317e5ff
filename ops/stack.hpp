#pragma once
#include <initializer_list>
#include <vector>

#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Tensors of one shape side by side along a new axis of the result; for any dtype, the same one (DTypeError). Each
/// gets its part of the gradient. Shapes that differ are a ShapeError; no tensors at all, a ValueError.
///     stack({row0, row1})
Tensor stack(std::initializer_list<Tensor> tensors, int axis = 0, Site site = Site::here());
Tensor stack(const std::vector<Tensor>& tensors, int axis = 0, Site site = Site::here());

}  // namespace xgrad
