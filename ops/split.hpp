#pragma once
#include <vector>

#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// x cut along an axis into parts of `size`, the last one maybe shorter, or of the sizes given, which have to add up to
/// the axis (ShapeError). A size below 1, or below 0 among several, is a ValueError.
std::vector<Tensor> split(const Operand& x, std::int64_t size, int axis = 0);
std::vector<Tensor> split(const Operand& x, const std::vector<std::int64_t>& sizes, int axis = 0);

}  // namespace xgrad
