#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// All products of an element of a vector and one of another: (n) and (m) give (n, m). Others than vectors are a
/// ShapeError.
Tensor outer(const Operand& a, const Operand& b);

}  // namespace xgrad
