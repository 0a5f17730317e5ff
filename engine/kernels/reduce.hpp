#pragma once
#include <xgrad/engine/kernels/along.hpp>

namespace xgrad::detail {

template <class By, class T, class A> void reduce(const T* from, Size outer, Size n, Size inner, T* to) noexcept {
  each_view<T, A>(outer, n, inner, [&](auto view, Size begin, Size result) {
    view.put(to + result, combined<By>(view, from + begin));
  });
}

/// Columns `count` of them, at most `lines` Wides: one pass over memory for all of them.
template <class T, class A, int lines>
void sum_columns(const T* from, Size n, Size stride, Size count, T* to, bool accumulate) noexcept {
  using W = Wide<T, A, lines>;
  W sum = reduce_terms<Sum<T>, T, A, lines, true>(n, [&](Size i) { return W::load(from + i * stride, count); });
  if (accumulate) sum = W::load(to, count) + sum;
  sum.store(to, count);
}

template <class T, class A> void sum(const T* from, Size outer, Size n, Size inner, T* to, bool accumulate) noexcept {
  using W = Wide<T, A>;
  for (Size o = 0; o < outer; ++o) {
    const T* begin = from + o * n * inner;
    if (inner == 1) {
      const T row =
          reduce_row<Sum<T>, T, A, true>(n, [&](Size i, auto... count) { return W::load(begin + i, count...); });
      to[o] = accumulate ? to[o] + row : row;
      continue;
    }
    constexpr Size most = 4 * W::width;
    for (Size j = 0; j < inner; j += most) {
      const Size count = inner - j < most ? inner - j : most;
      const auto columns = count > W::width ? sum_columns<T, A, 4> : sum_columns<T, A, 1>;
      columns(begin + j, n, inner, count, to + o * inner + j, accumulate);
    }
  }
}

/// Where in a row of n the value m, its largest, first stands; nan where m is.
template <class T, class A> Size find(const T* row, Size n, T m) noexcept {
  using L = Lane<T, A>;
  const L wanted(m);
  Size i = 0;
  for (; i + L::width <= n; i += L::width) {
    const L x = L::load(row + i);
    if (any((x == wanted) | (x != x))) break;
  }
  while (i < n && row[i] != m && row[i] == row[i]) ++i;
  return i;
}

template <class T, class A> void argmax(const T* from, Size outer, Size n, Size inner, std::int64_t* to) noexcept {
  each_view<T, A>(outer, n, inner, [&](auto view, Size begin, Size result) {
    using W = typename decltype(view)::W;
    const T* first = from + begin;
    T largest[W::width];
    combined<Max<T>>(view, first).store(largest);
    if constexpr (requires { view.stride; }) {
      for (Size k = 0; k < view.count; ++k) to[result + k] = -1;
      for (Size i = 0; i < n; ++i)
        for (Size k = 0; k < view.count; ++k) {
          const T x = first[i * view.stride + k];
          if (to[result + k] < 0 && (x == largest[k] || x != x)) to[result + k] = i;
        }
    } else {
      to[result] = find<T, A>(first, n, largest[0]);
    }
  });
}

}  // namespace xgrad::detail
