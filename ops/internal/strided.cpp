#include <xgrad/ops/internal/strided.hpp>

#include <xgrad/engine/internal/parallel_for.hpp>

#include <algorithm>
#include <utility>

namespace xgrad::detail {
namespace {

/// The loops of a copy, outermost first.
struct Nest {
  int axes = 0;
  i64 extent[max_rank], from[max_rank], to[max_rank];
};

/// Leaves out axes of extent 1 and joins neighbours that are one run on both sides.
Nest nest_of(const Shape& shape, const Strides& from, const Strides& to) noexcept {
  Nest nest;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == 1) continue;
    const int last = nest.axes - 1;
    if (last >= 0 && nest.from[last] == from[i] * shape[i] && nest.to[last] == to[i] * shape[i]) {
      nest.extent[last] *= shape[i];
      nest.from[last] = from[i];
      nest.to[last] = to[i];
    } else {
      nest.extent[nest.axes] = shape[i];
      nest.from[nest.axes] = from[i];
      nest.to[nest.axes++] = to[i];
    }
  }
  if (nest.axes == 0) nest = {1, {1}, {1}, {1}};
  return nest;
}

template <class T> void copy_run(i64 n, const T* from, i64 from_stride, T* to, i64 to_stride) {
  if (from_stride == 1 && to_stride == 1)
    std::copy_n(from, n, to);
  else
    for (i64 i = 0; i < n; ++i) to[i * to_stride] = from[i * from_stride];
}

/// Two axes of which one is dense in `from`, the other in `to`: in squares that fit into the nearest cache.
template <class T> void copy_transposed(const i64* n, const T* from, const i64* from_stride, T* to, const i64* to_stride) {
  constexpr i64 side = 16;
  for (i64 i = 0; i < n[0]; i += side)
    for (i64 j = 0; j < n[1]; j += side) {
      const i64 end = std::min(side, n[1] - j);
      for (i64 k = i; k < std::min(i + side, n[0]); ++k)
        copy_run(end, from + k * from_stride[0] + j * from_stride[1], from_stride[1],
                 to + k * to_stride[0] + j * to_stride[1], to_stride[1]);
    }
}

template <class T> void copy(const Nest& nest, int axis, const T* from, T* to) {
  const int left = nest.axes - axis;
  if (left == 1) return copy_run(nest.extent[axis], from, nest.from[axis], to, nest.to[axis]);
  if (left == 2 && nest.from[axis] == 1)
    return copy_transposed(nest.extent + axis, from, nest.from + axis, to, nest.to + axis);
  for (i64 i = 0; i < nest.extent[axis]; ++i) copy(nest, axis + 1, from + i * nest.from[axis], to + i * nest.to[axis]);
}

/// Puts the axis that is dense in `from` next to the innermost one, where copy() looks for it.
void bring_dense_axis_in(Nest& nest) noexcept {
  const int inner = nest.axes - 1;
  for (int i = 0; i < inner - 1; ++i) {
    if (nest.from[i] != 1) continue;
    std::rotate(nest.extent + i, nest.extent + i + 1, nest.extent + inner);
    std::rotate(nest.from + i, nest.from + i + 1, nest.from + inner);
    std::rotate(nest.to + i, nest.to + i + 1, nest.to + inner);
    return;
  }
}

template <class T> void copy(Nest nest, const void* from, void* to) {
  constexpr i64 tile = 64 * 1024;  // elements
  const auto* source = static_cast<const T*>(from);
  auto* target = static_cast<T*>(to);
  bring_dense_axis_in(nest);
  i64 total = 1;
  for (int i = 0; i < nest.axes; ++i) total *= nest.extent[i];
  if (total == 0) return;
  const i64 extent = nest.extent[0], step = std::max<i64>(1, (extent * tile / total + 15) / 16 * 16);
  parallel_for((extent + step - 1) / step, [&](i64 part) {
    Nest piece = nest;
    piece.extent[0] = std::min(step, extent - part * step);
    copy(piece, 0, source + part * step * nest.from[0], target + part * step * nest.to[0]);
  });
}

}  // namespace

Strides dense_strides(const Shape& shape) noexcept {
  Strides strides;
  i64 dense = 1;
  for (int axis = shape.rank(); axis-- > 0; dense *= shape[axis]) strides[axis] = dense;
  return strides;
}

// Loops, not xtensor's strided views: writing into one of those takes 2 to 8 times as long, a transposed copy 4 to 7.
void copy_strided(i64 item, const Shape& shape, const void* from, const Strides& from_strides, void* to,
                  const Strides& to_strides) {
  const Nest nest = nest_of(shape, from_strides, to_strides);
  switch (item) {
    case 1: return copy<u8>(nest, from, to);
    case 4: return copy<u32>(nest, from, to);
    default: return copy<u64>(nest, from, to);
  }
}

}  // namespace xgrad::detail
