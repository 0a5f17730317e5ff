#pragma once
// Arrays (outer, n, inner) along their middle axis, on several threads where there is enough to do.
#include <xgrad/engine/internal/body.hpp>
#include <xgrad/engine/internal/parallel_for.hpp>

#include <algorithm>

namespace xgrad::detail {

/// Elements, which take microseconds: more than starting a thread does.
inline constexpr i64 elements_of_tile = 32 * 1024;

/// f(first, count) for parts of 0 .. lines - 1 that hold about a tile's elements, `line` each.
template <class F> void each_part(i64 lines, i64 line, F f) {
  if (lines == 0 || line == 0) return;
  const i64 step = lines * line < 2 * elements_of_tile ? lines : std::max<i64>(1, elements_of_tile / line);
  parallel_for((lines + step - 1) / step, [&](i64 part) { f(part * step, std::min(step, lines - part * step)); });
}

/// Reduces with kernel(from, outer, n, inner, to). A long middle axis is cut into pieces, and what they give is
/// reduced.
template <class T, class Kernel>
void reduce_in_parts(Kernel kernel, const T* from, i64 outer, i64 n, i64 inner, T* to) {
  if (outer == 0 || inner == 0) return;
  if (n * inner < 2 * elements_of_tile || inner > elements_of_tile / 4)
    return each_part(outer, std::max<i64>(1, n * inner), [&](i64 first, i64 count) {
      kernel(from + first * n * inner, count, n, inner, to + first * inner);
    });
  const i64 step = elements_of_tile / inner, pieces = (n + step - 1) / step;
  const Tensor partial = new_array(dtype_of<T>, {outer, pieces, inner});
  T* const part = static_cast<T*>(Access::body(partial)->data);
  parallel_for(outer * pieces, [&](i64 i) {
    const i64 first = i % pieces * step;
    kernel(from + (i / pieces * n + first) * inner, 1, std::min(step, n - first), inner, part + i * inner);
  });
  reduce_in_parts(kernel, part, outer, pieces, inner, to);
}

}  // namespace xgrad::detail
