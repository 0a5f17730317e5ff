#pragma once
#include <cstddef>

#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// x repeated reps[i] times along axis i: {1, 2} twice is {1, 2, 1, 2}. Missing counts, and missing axes, are 1, both
/// in front, as in numpy; PyTorch's repeat is the same. A negative count is a ValueError.
Tensor tile(const Operand& x, std::initializer_list<std::int64_t> reps);
Tensor tile(const Operand& x, const std::int64_t* reps, std::size_t count);

}  // namespace xgrad
