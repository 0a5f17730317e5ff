#pragma once
// Operations whose result is elements of the argument, by index.
#include <xgrad/engine/internal/op.hpp>

namespace xgrad::detail {

/// An array of shape `whole` seen as rows of `row` neighbouring elements; the result of shape `shape` is made of them.
struct Pick {
  Shape whole, shape;
  i64 row = 1;
};

void pick_vjp(Vjp& d);
/// An Op whose calls end in pick().
constexpr Op pick_op(const char* name) noexcept { return {.name = name, .reads = {reads_extra}, .vjp = pick_vjp}; }

/// Row k of the result is row index[k] of the call's first argument. The indices, int64, are in range: checked before.
Tensor pick(Call& call, const Tensor& index, const Pick& form);
/// The same for an op made of others.
Tensor pick(const Operand& x, const Tensor& index, const Pick& form);
/// The other way: zeros of shape `whole`, to row index[k] of which row k of x is added, in the order of k.
Tensor add_rows(const Operand& x, const Tensor& index, const Pick& form);

/// The call's argument `argument`, a tensor of int64 indices (DTypeError) for an axis of n elements, counted from the
/// start: negative ones count from the end, if they may, and one outside is a ValueError.
Tensor checked_indices(const Call& call, int argument, i64 n, bool from_end = false);
/// For indices of rank x.rank() along `axis`, none longer than x in another axis (ShapeError): the place in x of each.
Tensor places_along(const Call& call, int axis, int argument);

/// Slices of the call's first argument along an axis, by a vector of indices.
struct Slices {
  Tensor rows;  // which rows they are, counted over all axes before it
  Shape shape;  // of them together
  i64 row;      // elements to a row
};
Slices slices_along(const Call& call, int axis, int argument);

/// Where a mask is set: flat positions.
Tensor set_places(const Tensor& mask);

}  // namespace xgrad::detail
