#pragma once
// Vectors, and matrices times vectors: one training sample at a time is made of these, and a BLAS takes twice as long.
#include <xgrad/engine/kernels/along.hpp>

namespace xgrad::detail {

template <class T, class A, class F> void each_wide(Size n, F f) noexcept { Row<T, A>{n}.each(f); }

template <class T, class A> void add(T* to, const T* from, Size n) noexcept {
  using W = Wide<T, A>;
  each_wide<T, A>(n, [&](Size i, auto... count) {
    (W::load(to + i, count...) + W::load(from + i, count...)).store(to + i, count...);
  });
}

template <class T, class A> void scale(T* to, T factor, Size n) noexcept {
  using W = Wide<T, A>;
  each_wide<T, A>(n, [&](Size i, auto... count) { (W::load(to + i, count...) * W(factor)).store(to + i, count...); });
}

/// Some Wides of columns of w^T x, `last` columns in the last one: the even and the odd rows in a sum each.
template <class T, class A, int... j>
void columns_times_vector(const T* w, Size rows, Size stride, const T* x, T* to, bool accumulate, Size last,
                          std::integer_sequence<int, j...>) noexcept {
  using W = Wide<T, A>;
  constexpr int final = sizeof...(j) - 1;
  const auto load = [&](const T* row, int line) {
    return line < final ? W::load(row + line * W::width) : W::load(row + line * W::width, last);
  };
  W even[] = {(static_cast<void>(j), W(0))...}, odd[] = {(static_cast<void>(j), W(0))...};
  Size i = 0;
  for (; i + 2 <= rows; i += 2) {
    const W x0(x[i]), x1(x[i + 1]);
    (..., (even[j] = fma(x0, load(w + i * stride, j), even[j])));
    (..., (odd[j] = fma(x1, load(w + (i + 1) * stride, j), odd[j])));
  }
  if (i < rows) (..., (even[j] = fma(W(x[i]), load(w + i * stride, j), even[j])));
  const auto put = [&](const W& sum, int line) {
    (accumulate ? load(to, line) + sum : sum).store(to + line * W::width, line < final ? W::width : last);
  };
  (..., put(even[j] + odd[j], j));
}

/// The same for `lines` Wides or fewer.
template <class T, class A, int lines>
void columns_times_vector(const T* w, Size rows, Size stride, const T* x, T* to, bool accumulate,
                          Size columns) noexcept {
  constexpr Size before = (lines - 1) * Wide<T, A>::width;
  if (columns > before)
    columns_times_vector<T, A>(w, rows, stride, x, to, accumulate, columns - before,
                               std::make_integer_sequence<int, lines>());
  else if constexpr (lines > 1) columns_times_vector<T, A, lines - 1>(w, rows, stride, x, to, accumulate, columns);
}

template <class T, class A>
void transposed_times_vector(const T* w, Size rows, Size columns, Size stride, const T* x, T* to,
                             bool accumulate) noexcept {
  constexpr int lines = Wide<T, A>::parts == 1 ? 8 : 2;  // as many as there are registers for
  constexpr Size most = lines * Wide<T, A>::width;
  for (Size j = 0; j < columns; j += most)
    columns_times_vector<T, A, lines>(w + j, rows, stride, x, to + j, accumulate,
                                      columns - j < most ? columns - j : most);
}

/// Some rows of w times x: r is 0, 1, ...
template <class T, class A, int... r>
void rows_times_vector(const T* w, Size columns, Size stride, const T* x, T* to, bool accumulate,
                       std::integer_sequence<int, r...>) noexcept {
  using W = Wide<T, A>;
  W sum[] = {(static_cast<void>(r), W(0))...};
  each_wide<T, A>(columns, [&](Size i, auto... count) {
    const W xi = W::load(x + i, count...);
    (..., (sum[r] = fma(W::load(w + r * stride + i, count...), xi, sum[r])));
  });
  (..., (to[r] = accumulate ? to[r] + fold<Sum<T>>(sum[r]) : fold<Sum<T>>(sum[r])));
}

template <class T, class A>
void times_vector(const T* w, Size rows, Size columns, Size stride, const T* x, T* to, bool accumulate) noexcept {
  Size i = 0;
  const auto some = [&](auto which, Size count) {
    for (; i + count <= rows; i += count)
      rows_times_vector<T, A>(w + i * stride, columns, stride, x, to + i, accumulate, which);
  };
  some(std::make_integer_sequence<int, 4>(), 4);
  some(std::make_integer_sequence<int, 1>(), 1);
}

/// Rows as wide as some Wides, y in registers. Memory far away is fetched ahead: the processor's own guess ends with
/// each page (16 MB of 784 x 50: 0.54 ms instead of 0.68).
template <class T, class A, bool accumulate, bool is_far, int... j>
void outer_lines(T* w, Size rows, Size stride, T a, const T* x, const T* y, Size last,
                 std::integer_sequence<int, j...>) noexcept {
  using W = Wide<T, A>;
  constexpr int final = sizeof...(j) - 1;
  const auto load = [&](const T* row, int line) {
    return line < final ? W::load(row + line * W::width) : W::load(row + line * W::width, last);
  };
  const W yj[] = {load(y, j)...};
  for (Size r = 0; r < rows; ++r) {
    T* const row = w + r * stride;
    const W factor(a * x[r]);
    const auto put = [&](int line) {
      if constexpr (is_far) __builtin_prefetch(row + line * W::width + 2048 / sizeof(T), 1);
      const W product = accumulate ? fma(factor, yj[line], load(row, line)) : factor * yj[line];
      product.store(row + line * W::width, line < final ? W::width : last);
    };
    (..., put(j));
  }
}

/// The same for `lines` Wides or fewer.
template <class T, class A, bool accumulate, bool is_far, int lines>
void outer_lines(T* w, Size rows, Size columns, Size stride, T a, const T* x, const T* y) noexcept {
  constexpr Size before = (lines - 1) * Wide<T, A>::width;
  if (columns > before)
    outer_lines<T, A, accumulate, is_far>(w, rows, stride, a, x, y, columns - before,
                                          std::make_integer_sequence<int, lines>());
  else if constexpr (lines > 1) outer_lines<T, A, accumulate, is_far, lines - 1>(w, rows, columns, stride, a, x, y);
}

template <class T, class A, bool accumulate, bool is_far>
void outer(T* w, Size rows, Size columns, Size stride, T a, const T* x, const T* y) noexcept {
  using W = Wide<T, A>;
  constexpr int lines = W::parts == 1 ? 8 : 2;
  if (columns <= lines * W::width)
    return outer_lines<T, A, accumulate, is_far, lines>(w, rows, columns, stride, a, x, y);
  for (Size r = 0; r < rows; ++r) {
    T* const row = w + r * stride;
    const W factor(a * x[r]);
    each_wide<T, A>(columns, [&](Size i, auto... count) {
      if constexpr (is_far) __builtin_prefetch(row + i + 2048 / sizeof(T), 1);
      const W yi = W::load(y + i, count...);
      (accumulate ? fma(factor, yi, W::load(row + i, count...)) : factor * yi).store(row + i, count...);
    });
  }
}

/// w = a x y^T, or w += a x y^T.
template <class T, class A, bool accumulate>
void outer(T* w, Size rows, Size columns, Size stride, T a, const T* x, const T* y) noexcept {
  constexpr Size near = 65536 / sizeof(T);
  if (rows * columns > near) outer<T, A, accumulate, true>(w, rows, columns, stride, a, x, y);
  else outer<T, A, accumulate, false>(w, rows, columns, stride, a, x, y);
}

}  // namespace xgrad::detail
