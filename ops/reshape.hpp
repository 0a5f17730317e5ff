#pragma once
#include <cstddef>

#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The same elements in another shape, for any dtype. One extent may be -1: what is left over. The result shares the
/// elements of x. The derivative has x's shape back. Sizes that differ are a ShapeError.
///     reshape(x, {2, -1})
Tensor reshape(const Operand& x, const Shape& shape);
Tensor reshape(const Operand& x, std::initializer_list<std::int64_t> extents);
Tensor reshape(const Operand& x, const std::int64_t* extents, std::size_t count);

}  // namespace xgrad
