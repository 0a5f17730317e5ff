#pragma once
// Rows of planes, with padding at their ends and every so many elements left out.
#include <xgrad/engine/kernels/wide.hpp>

namespace xgrad::detail {

template <class T, class A> void fill(T* to, std::int64_t n, Lane<T, A> value) noexcept {
  if (n <= 0) return;
  value.store(to);  // mostly that is all: as a part of the loop it would be a call of memset
  for (std::int64_t j = value.width; j < n; j += value.width) value.store(to + j);
}

template <int odd, class T, class A, int... i>
Lane<T, A> every_second(Lane<T, A> a, Lane<T, A> b, std::integer_sequence<int, i...>) noexcept {
  using Value = typename Lane<T, A>::Value;
  using Register = typename Value::register_type;
  const Register x = a.v, y = b.v;
  return Value(reinterpret_cast<Register>(__builtin_shufflevector(x, y, (2 * i + odd)...)));
}
/// Of the elements of a and b, the even ones, or the odd ones.
template <class T, class A, int odd> Lane<T, A> every_second(Lane<T, A> a, Lane<T, A> b) noexcept {
  return every_second<odd>(a, b, std::make_integer_sequence<int, Lane<T, A>::width>());
}

template <int half, class T, class A, int... i>
Lane<T, A> zip(Lane<T, A> a, Lane<T, A> b, std::integer_sequence<int, i...>) noexcept {
  using Value = typename Lane<T, A>::Value;
  using Register = typename Value::register_type;
  constexpr int width = sizeof...(i), first = half * width / 2;
  const Register x = a.v, y = b.v;
  return Value(reinterpret_cast<Register>(__builtin_shufflevector(x, y, (first + i / 2 + i % 2 * width)...)));
}
/// The elements of a and b in turns: the first half of them, or the second.
template <class T, class A, int half> Lane<T, A> zip(Lane<T, A> a, Lane<T, A> b) noexcept {
  return zip<half>(a, b, std::make_integer_sequence<int, Lane<T, A>::width>());
}

/// As many of `count` elements as there are lanes, maybe none.
template <class T, class A> Lane<T, A> load_some(const T* from, std::int64_t count) noexcept {
  using L = Lane<T, A>;
  return count >= L::width ? L::load(from) : count > 0 ? L::load(from, count) : L(0);
}

template <class T, class A> void store_some(Lane<T, A> v, T* to, std::int64_t count) noexcept {
  if (count >= v.width) v.store(to);
  else if (count > 0) v.store(to, count);
}

/// `rows` rows of n elements, `from_row` and `to_row` elements from one to the next.
template <class T, class A>
void copy_rows(const T* from, std::int64_t from_row, std::int64_t rows, std::int64_t n, T* to,
               std::int64_t to_row) noexcept {
  using L = Lane<T, A>;
  const std::int64_t full = n / L::width * L::width, rest = n - full;
  for (std::int64_t r = 0; r < rows; ++r, from += from_row, to += to_row) {
    for (std::int64_t j = 0; j < full; j += L::width) L::load(from + j).store(to + j);
    if (rest != 0) L::load(from + full, rest).store(to + full, rest);
  }
}

/// to[j] = from[j stride] for first <= j < last and `padding` for the others of n, and of up to 64 bytes more.
template <class T, class A>
void copy_row(const T* from, std::int64_t stride, std::int64_t first, std::int64_t last, std::int64_t n, T padding,
              T* to) noexcept {
  using L = Lane<T, A>;
  fill<T, A>(to, first, padding);
  std::int64_t j = first;
  if (stride == 1)
    for (; j < last; j += L::width) load_some<T, A>(from + j, last - j).store(to + j);
  else if (stride == 2)
    for (; j < last; j += L::width) {
      const std::int64_t there = 2 * (last - j) - 1;
      every_second<T, A, 0>(load_some<T, A>(from + 2 * j, there),
                            load_some<T, A>(from + 2 * j + L::width, there - L::width))
          .store(to + j);
    }
  else
    for (; j < last; ++j) to[j] = from[j * stride];
  fill<T, A>(to + last, n - last, padding);
}

}  // namespace xgrad::detail
