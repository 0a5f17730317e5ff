#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// x shifted by `shift` elements along each of the given axes, what goes out at the end coming in at the start; without
/// axes as if it had a single one. An axis that x does not have is a ShapeError.
Tensor roll(const Operand& x, std::int64_t shift, const Axes& axes = {});

}  // namespace xgrad
