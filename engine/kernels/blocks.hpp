#pragma once
#include <xgrad/engine/kernels/kernel.hpp>

namespace xgrad::detail {

/// Steps through the axes of a loop nest above its last two. Kept out of the kernels, which it would make much larger.
template <class A> struct Blocks {
  std::int64_t offset[Loop::max_operands] = {};
  std::int64_t index[Loop::max_axes];

  /// False if there is nothing to step through.
  [[gnu::noinline]] bool start(const Loop& loop) noexcept {
    for (int axis = 0; axis < loop.axes - 2; ++axis) {
      index[axis] = 0;
      if (loop.extent[axis] == 0) return false;
    }
    return true;
  }
  /// Moves on the offsets of the operands in `used` (a bit each); false at the end.
  [[gnu::noinline]] bool next(const Loop& loop, unsigned used) noexcept {
    int axis = loop.axes - 3;
    while (axis >= 0 && index[axis] + 1 == loop.extent[axis]) index[axis--] = 0;
    if (axis < 0) return false;
    ++index[axis];
    for (int k = 0; k < Loop::max_operands; ++k) {
      if ((used >> k & 1) == 0) continue;
      offset[k] = 0;
      for (int i = 0; i <= axis; ++i) offset[k] += index[i] * loop.stride[k][i];
    }
    return true;
  }
};

}  // namespace xgrad::detail
