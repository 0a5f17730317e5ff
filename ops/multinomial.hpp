#pragma once
#include <xgrad/engine/random.hpp>
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// `count` places drawn from (C) weights, or from each row of (N, C), a place as likely as its weight is of their sum;
/// without replacement none twice. int64 (count) or (N, count). No derivative. A weight that is negative or not finite,
/// or too few above 0, is a ValueError; other shapes are a ShapeError.
Tensor multinomial(Random& random, const Operand& weights, std::int64_t count, bool replacement = false);

}  // namespace xgrad
