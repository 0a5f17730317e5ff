#pragma once
#include <string_view>
#include <vector>

#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Einstein's notation: `"ij,jk->ik"` names the axes of each argument and of the result. A letter in several places is
/// one index; those that the result does not name are summed over, a letter twice in one argument takes its diagonal,
/// and `...` stands for axes that broadcast. Without `->` the result names the letters that stand once, in the
/// alphabet's order. A letter with two extents is a ShapeError, an equation that makes no sense a ValueError. Several
/// arguments are multiplied from left to right.
Tensor einsum(std::string_view equation, const std::vector<Tensor>& tensors, Site site = Site::here());

}  // namespace xgrad
