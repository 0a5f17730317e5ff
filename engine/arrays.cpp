#include <xgrad/engine/internal/arrays.hpp>
#include <xgrad/engine/internal/reduce_in_parts.hpp>

#include <xgrad/engine/kernels/arrays.hpp>

namespace xgrad::detail {
namespace {

template <class F> void with_type(DType dtype, F f) { dtype == DType::float32 ? f(float{}) : f(double{}); }

}  // namespace

void add_into(DType dtype, void* to, const void* from, i64 n) {
  with_type(dtype, [&]<class T>(T) {
    each_part(n, 1, [&](i64 first, i64 count) {
      array_kernels<T>().add(static_cast<T*>(to) + first, static_cast<const T*>(from) + first, count);
    });
  });
}

void copy_elements(DType dtype, const Loop& loop, const void* from, void* to) {
  const auto copy = array_kernels().move[static_cast<int>(dtype) - 1].copy;
  i64 line = 1;
  for (int axis = 1; axis < loop.axes; ++axis) line *= loop.extent[axis];
  each_part(loop.extent[0], line, [&](i64 first, i64 count) {
    const i64 step = first * item_size(dtype);
    Loop piece = loop;
    piece.extent[0] = count;
    copy(piece, static_cast<const char*>(from) + step * loop.stride[1][0],
         static_cast<char*>(to) + step * loop.stride[0][0]);
  });
}

void sum_middle(DType dtype, const void* from, i64 outer, i64 n, i64 inner, void* to) {
  with_type(dtype, [&]<class T>(T) {
    const auto sum = [kernel = array_kernels<T>().sum](const T* x, i64 o, i64 m, i64 i, T* y) {
      kernel(x, o, m, i, y, false);
    };
    reduce_in_parts(sum, static_cast<const T*>(from), outer, n, inner, static_cast<T*>(to));
  });
}

}  // namespace xgrad::detail
