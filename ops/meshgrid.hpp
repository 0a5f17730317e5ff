#pragma once
#include <vector>

#include <xgrad/engine/tensor.hpp>

namespace xgrad {

enum class Indexing { ij, xy };

/// 1-D tensors as coordinates of a grid: result k has as many axes as there are tensors, and varies along axis k as
/// tensor k does; with Indexing::xy (numpy's default) the first two axes are in each other's place. 0-d ones count as
/// (1,). More axes, none at all, or other dtypes are a ShapeError, ValueError, DTypeError.
std::vector<Tensor> meshgrid(const std::vector<Tensor>& tensors, Indexing indexing = Indexing::ij,
                             Site site = Site::here());

}  // namespace xgrad
