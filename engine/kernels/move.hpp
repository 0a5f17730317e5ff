#pragma once
// Elements moved and converted one by one; the instruction set A is there to compile a copy for each.
#include <cstring>
#include <type_traits>

#include <xgrad/engine/kernels/blocks.hpp>

namespace xgrad::detail {

using Size = std::int64_t;

/// A square of 4-byte elements, 4 to a side, or of 8-byte ones, 2 to a side, in registers.
template <class Word, class A> void transpose_square(const Word* x, Size x_stride, Word* y, Size y_stride) noexcept {
  constexpr int side = 16 / sizeof(Word);
  typedef Word Row __attribute__((vector_size(16)));
  Row row[side];
  for (int i = 0; i < side; ++i) std::memcpy(&row[i], x + i * x_stride, 16);
  const auto put = [&](int j, Row column) { std::memcpy(y + j * y_stride, &column, 16); };
  if constexpr (side == 2) {
    put(0, __builtin_shufflevector(row[0], row[1], 0, 2));
    put(1, __builtin_shufflevector(row[0], row[1], 1, 3));
  } else {
    const Row a = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5),
              b = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
    const Row c = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7),
              d = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
    put(0, __builtin_shufflevector(a, b, 0, 1, 4, 5));
    put(1, __builtin_shufflevector(a, b, 2, 3, 6, 7));
    put(2, __builtin_shufflevector(c, d, 0, 1, 4, 5));
    put(3, __builtin_shufflevector(c, d, 2, 3, 6, 7));
  }
}

template <class Word, class A>
void transpose(const void* from, Size rows, Size columns, Size from_stride, void* to, Size to_stride) noexcept {
  constexpr Size tile = 16;  // elements to a side: what is read and what is written stay in the nearest cache
  constexpr Size side = sizeof(Word) >= 4 ? 16 / sizeof(Word) : tile + 1;
  const auto* const x = static_cast<const Word*>(from);
  auto* const y = static_cast<Word*>(to);
  const auto one_by_one = [&](Size r, Size last_row, Size c, Size last_column) {
    for (Size j = c; j < last_column; ++j)
      for (Size i = r; i < last_row; ++i) y[j * to_stride + i] = x[i * from_stride + j];
  };
  for (Size r = 0; r < rows; r += tile)
    for (Size c = 0; c < columns; c += tile) {
      const Size last_row = r + tile < rows ? r + tile : rows, last_column = c + tile < columns ? c + tile : columns;
      Size j = c;
      if constexpr (side <= tile)
        for (; j + side <= last_column; j += side) {
          Size i = r;
          for (; i + side <= last_row; i += side)
            transpose_square<Word, A>(x + i * from_stride + j, from_stride, y + j * to_stride + i, to_stride);
          one_by_one(i, last_row, j, j + side);
        }
      one_by_one(r, last_row, j, last_column);
    }
}

template <class Word, class A> void copy_strided(const Loop& loop, const void* from, void* to) noexcept {
  const int last = loop.axes - 1;
  const Size n = loop.extent[last], to_step = loop.stride[0][last], from_step = loop.stride[1][last];
  const Size rows = last > 0 ? loop.extent[last - 1] : 1;
  const Size to_row = last > 0 ? loop.stride[0][last - 1] : 0, from_row = last > 0 ? loop.stride[1][last - 1] : 0;
  Blocks<A> blocks;
  if (rows == 0 || n == 0 || (last > 1 && !blocks.start(loop))) return;
  do {
    const auto* x = static_cast<const Word*>(from) + blocks.offset[1];
    auto* y = static_cast<Word*>(to) + blocks.offset[0];
    for (Size r = 0; r < rows; ++r, x += from_row, y += to_row) {
      if (to_step == 1 && from_step == 1) std::memcpy(y, x, static_cast<std::size_t>(n) * sizeof(Word));
      else if (to_step == 1 && from_step == 0)
        for (Size i = 0; i < n; ++i) y[i] = *x;
      else
        for (Size i = 0; i < n; ++i) y[i * to_step] = x[i * from_step];
    }
  } while (last > 1 && blocks.next(loop, 3));
}

/// The element types by dtype: a boolean is a byte, 0 or 1.
struct Boolean {
  std::uint8_t byte;
};

template <class From, class To, class A> Size convert(const void* from, void* to, Size n) noexcept {
  const auto* const x = static_cast<const From*>(from);
  auto* const y = static_cast<To*>(to);
  if constexpr (std::is_same_v<To, Boolean>) {
    for (Size i = 0; i < n; ++i) {
      if constexpr (std::is_same_v<From, Boolean>) y[i] = x[i];
      else y[i].byte = x[i] != 0;
    }
  } else if constexpr (std::is_same_v<From, Boolean>) {
    for (Size i = 0; i < n; ++i) y[i] = static_cast<To>(x[i].byte);
  } else if constexpr (std::is_floating_point_v<From> && !std::is_floating_point_v<To>) {
    constexpr From limit = 9223372036854775808.0;
    Size bad = 0;
    for (Size i = 0; i < n; ++i) {
      const bool fits = x[i] >= -limit && x[i] < limit;
      y[i] = static_cast<To>(fits ? x[i] : -limit);
      bad += !fits;
    }
    for (Size i = 0; bad != 0 && i < n; ++i)
      if (!(x[i] >= -limit && x[i] < limit)) return i;
  } else {
    for (Size i = 0; i < n; ++i) y[i] = static_cast<To>(x[i]);
  }
  return -1;
}

}  // namespace xgrad::detail
