#pragma once
#include <initializer_list>
#include <vector>

#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Tensors one after the other along an axis they have; for any dtype, the same one (DTypeError). Each gets its part of
/// the gradient. Other extents that differ, and 0-d tensors, are a ShapeError; no tensors at all, a ValueError.
///     concatenate({a, b}, 1)
Tensor concatenate(std::initializer_list<Tensor> tensors, int axis = 0, Site site = Site::here());
Tensor concatenate(const std::vector<Tensor>& tensors, int axis = 0, Site site = Site::here());

}  // namespace xgrad
