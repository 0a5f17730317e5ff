#pragma once
#include <vector>

#include <xgrad/ops/slice.hpp>

namespace xgrad {

/// One entry of index(): a position, a range, positions in a tensor (int64, or a boolean mask), a new axis, or an
/// ellipsis, which stands for all axes that no other entry names.
struct Index {
  enum class Kind { position, range, tensor, new_axis, rest } kind;
  Slice slice;
  Tensor positions;

  Index(std::int64_t i) : kind(Kind::position), slice(i) {}
  Index(int i) : Index(std::int64_t{i}) {}
  Index(Slice range) : kind(range.is_index ? Kind::position : Kind::range), slice(range) {}
  Index(Tensor t) : kind(Kind::tensor), positions(std::move(t)) {}
  explicit Index(Kind k) noexcept : kind(k) {}
};
inline const Index newaxis(Index::Kind::new_axis), ellipsis(Index::Kind::rest);

/// numpy's x[i, j, ...]: an entry for each axis from the first on.
///     index(x, {2, Slice(0, 10), newaxis})        // x[2, 0:10, None]
///     index(x, {ellipsis, rows, columns})         // x[..., rows, columns], rows and columns int64 tensors
///     index(x, {mask})                            // x[mask]
/// Tensors broadcast with each other; their axes come where the first of them stood, or first in the result where a
/// slice, a new axis or an ellipsis stands between them. A boolean tensor stands for as many axes as it has, its
/// nonzero(). Negative indices count from the end. One outside its axis, too many entries, or tensors that do not
/// broadcast are a ShapeError or, inside a tensor, a ValueError.
Tensor index(const Operand& x, const std::vector<Index>& entries);

}  // namespace xgrad
