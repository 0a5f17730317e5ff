#pragma once
// Operations whose result is elements of the argument, along any strides: slices, transposes, diagonals, windows.
#include <xgrad/engine/internal/op.hpp>
#include <xgrad/ops/internal/strided.hpp>

namespace xgrad::detail {

/// An array of `shape` made of elements of one of shape `whole`: element i is number offset + i . strides.
struct View {
  Shape whole, shape;
  i64 offset = 0;
  Strides strides;

  /// All of an array.
  explicit View(const Shape& all) noexcept : whole(all), shape(all), strides(dense_strides(all)) {}
  /// No axes yet.
  View(const Shape& all, i64 begin) noexcept : whole(all), offset(begin) {}
  /// Appends an axis.
  void add_axis(i64 extent, i64 stride) {
    strides[shape.rank()] = stride;
    shape.push_back(extent);
  }
};

void view_vjp(Vjp& d);
void put_vjp(Vjp& d);
constexpr Op view_op(const char* name) noexcept { return {.name = name, .vjp = view_vjp}; }
constexpr Op put_op(const char* name) noexcept { return {.name = name, .vjp = put_vjp}; }

/// The elements that the view names, copied, as the result of a call of a view_op.
Tensor take(Call& call, const View& view);
/// All of them.
Tensor copy_of(const Operand& x);
/// Axis i of the result is axis order[i] of x; x itself where that changes nothing.
Tensor reordered(const Tensor& x, const int* order);
/// The other way, for a put_op: x in its place among zeros, added up where the view names an element more than once.
Tensor put(Call& call, const View& view);

}  // namespace xgrad::detail
