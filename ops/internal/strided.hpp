#pragma once
#include <xgrad/engine/internal/body.hpp>

namespace xgrad::detail {

/// Of each axis, in elements.
struct Strides {
  i64 of[max_rank] = {};
  i64& operator[](int axis) noexcept { return of[axis]; }
  i64 operator[](int axis) const noexcept { return of[axis]; }
};
/// Those of a dense row-major array.
Strides dense_strides(const Shape& shape) noexcept;

/// Copies elements along two sets of strides.
void copy_strided(DType dtype, const Shape& shape, const void* from, const Strides& from_strides, void* to,
                  const Strides& to_strides);
/// The same, added to what is there: in the order of `shape`, so that places named more than once get the same bits
/// every time. Not boolean.
void add_strided(DType dtype, const Shape& shape, const void* from, const Strides& from_strides, void* to,
                 const Strides& to_strides);

}  // namespace xgrad::detail
