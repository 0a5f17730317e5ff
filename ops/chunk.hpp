#pragma once
#include <vector>

#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// x cut along an axis into `chunks` parts of one size, the last one maybe shorter, or fewer parts where that comes
/// out so: PyTorch's chunk. Less than 1 is a ValueError.
std::vector<Tensor> chunk(const Operand& x, std::int64_t chunks, int axis = 0);

}  // namespace xgrad
