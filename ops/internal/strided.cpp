#include <xgrad/ops/internal/strided.hpp>

#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/engine/kernels/arrays.hpp>

#include <algorithm>

namespace xgrad::detail {
namespace {

/// A Loop's operands.
enum { to, from };

/// Leaves out axes of extent 1 and joins neighbours that are one run on both sides.
Loop loop_of(const Shape& shape, const Strides& from_strides, const Strides& to_strides) noexcept {
  Loop loop{};
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == 1) continue;
    const int last = loop.axes - 1;
    const bool joins = last >= 0 && loop.stride[from][last] == from_strides[i] * shape[i] &&
                       loop.stride[to][last] == to_strides[i] * shape[i];
    const int axis = joins ? last : loop.axes++;
    loop.extent[axis] = (joins ? loop.extent[axis] : 1) * shape[i];
    loop.stride[from][axis] = from_strides[i];
    loop.stride[to][axis] = to_strides[i];
  }
  if (loop.axes == 0) {
    loop.extent[loop.axes++] = 1;
    loop.stride[from][0] = loop.stride[to][0] = 1;
  }
  return loop;
}

/// The axis that is dense in `from` goes next to the innermost one, where a transposed copy looks for it.
void bring_dense_axis_in(Loop& loop) noexcept {
  const int inner = loop.axes - 1;
  const i64* const dense = std::find(loop.stride[from], loop.stride[from] + std::max(inner, 0), 1);
  const auto axis = dense - loop.stride[from];
  if (axis >= inner) return;
  for (i64* values : {loop.extent, loop.stride[from], loop.stride[to]})
    std::rotate(values + axis, values + axis + 1, values + inner);
}

void copy(const MoveKernels& kernels, i64 item, const Loop& loop, const char* source, char* target) {
  const int inner = loop.axes - 1, outer = inner - 1;
  const bool transposed = outer >= 0 && loop.stride[from][outer] == 1 && loop.stride[to][inner] == 1;
  if (!transposed) return kernels.copy(loop, source, target);
  i64 matrices = 1;
  for (int axis = 0; axis < outer; ++axis) matrices *= loop.extent[axis];
  for (i64 i = 0; i < matrices; ++i) {
    i64 from_offset = 0, to_offset = 0;
    for (i64 axis = outer, rest = i; axis-- > 0; rest /= loop.extent[axis]) {
      from_offset += rest % loop.extent[axis] * loop.stride[from][axis];
      to_offset += rest % loop.extent[axis] * loop.stride[to][axis];
    }
    kernels.transpose(source + from_offset * item, loop.extent[inner], loop.extent[outer], loop.stride[from][inner],
                      target + to_offset * item, loop.stride[to][outer]);
  }
}

template <class T> void add(const Loop& loop, const T* source, T* target) {
  i64 index[Loop::max_axes] = {};
  const int inner = loop.axes - 1;
  const i64 n = loop.extent[inner], from_step = loop.stride[from][inner], to_step = loop.stride[to][inner];
  void (*dense)(T*, const T*, i64) = nullptr;
  if constexpr (std::is_floating_point_v<T>)
    if (from_step == 1 && to_step == 1) dense = array_kernels<T>().add;
  for (int axis = inner; axis >= 0;) {
    if (dense) dense(target, source, n);
    else
      for (i64 i = 0; i < n; ++i) target[i * to_step] += source[i * from_step];
    for (axis = inner - 1; axis >= 0; --axis) {
      source += loop.stride[from][axis];
      target += loop.stride[to][axis];
      if (++index[axis] < loop.extent[axis]) break;
      source -= loop.stride[from][axis] * loop.extent[axis];
      target -= loop.stride[to][axis] * loop.extent[axis];
      index[axis] = 0;
    }
  }
}

}  // namespace

Strides dense_strides(const Shape& shape) noexcept {
  Strides strides;
  i64 dense = 1;
  for (int axis = shape.rank(); axis-- > 0; dense *= shape[axis]) strides[axis] = dense;
  return strides;
}

// Loops, not xtensor's strided views: writing into one of those takes 2 to 8 times as long, a transposed copy 4 to 7.
void copy_strided(DType dtype, const Shape& shape, const void* source, const Strides& from_strides, void* target,
                  const Strides& to_strides) {
  constexpr i64 tile = 64 * 1024;  // elements
  const i64 total = shape.size(), item = item_size(dtype);
  if (total == 0) return;
  Loop loop = loop_of(shape, from_strides, to_strides);
  bring_dense_axis_in(loop);
  const MoveKernels& kernels = array_kernels().move[static_cast<int>(dtype) - 1];
  const i64 extent = loop.extent[0], step = total < 2 * tile ? extent : std::max<i64>(1, extent * tile / total);
  parallel_for((extent + step - 1) / step, [&](i64 part) {
    const i64 first = part * step;
    Loop piece = loop;
    piece.extent[0] = std::min(step, extent - first);
    copy(kernels, item, piece, static_cast<const char*>(source) + first * loop.stride[from][0] * item,
         static_cast<char*>(target) + first * loop.stride[to][0] * item);
  });
}

void add_strided(DType dtype, const Shape& shape, const void* source, const Strides& from_strides, void* target,
                 const Strides& to_strides) {
  if (shape.size() == 0) return;
  const Loop loop = loop_of(shape, from_strides, to_strides);
  if (dtype == DType::float32) add(loop, static_cast<const float*>(source), static_cast<float*>(target));
  else if (dtype == DType::float64) add(loop, static_cast<const double*>(source), static_cast<double*>(target));
  else add(loop, static_cast<const i64*>(source), static_cast<i64*>(target));
}

}  // namespace xgrad::detail
