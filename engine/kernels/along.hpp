#pragma once
// An array (outer, n, inner) seen along its middle axis: algorithms are written once for a View, which is one row
// (inner is 1) or some neighbouring columns at once.
#include <xgrad/engine/kernels/wide.hpp>

namespace xgrad::detail {

using Size = std::int64_t;

/// n consecutive elements. Functions are called with the offset of the next Wide, and a count where it is not full.
template <class T, class A> struct Row {
  using W = Wide<T, A>;
  Size n;

  template <class By, bool cheap, class Term> W reduce(Term term) const noexcept {
    return W(reduce_row<By, T, A, cheap>(n, term));
  }
  template <class F> void each(F f) const noexcept {
    Size i = 0;
    for (; i + W::width <= n; i += W::width) f(i);
    if (i < n) f(i, n - i);
  }
  /// f of what reduce returned: one number.
  template <class F> W apply(F f, const W& reduced) const noexcept { return W(f(reduced.part[0])); }
  /// One result for the row.
  void put(T* to, const W& value) const noexcept { *to = value.part[0].v.get(0); }
};

/// Up to one Wide of columns.
template <class T, class A> struct Columns {
  using W = Wide<T, A>;
  Size n, stride, count;

  template <class By, bool cheap, class Term> W reduce(Term term) const noexcept {
    return reduce_terms<By, T, A, 1, cheap>(n, [&](Size i) { return term(i * stride, count); });
  }
  template <class F> void each(F f) const noexcept {
    for (Size i = 0; i < n; ++i) f(i * stride, count);
  }
  template <class F> W apply(F f, const W& reduced) const noexcept { return map_in_turn(f, reduced); }
  void put(T* to, const W& value) const noexcept { value.store(to, count); }
};

/// f(view, where it begins in the array, where its result goes) for all of (outer, n, inner).
template <class T, class A, class F> void each_view(Size outer, Size n, Size inner, F f) noexcept {
  constexpr Size width = Wide<T, A>::width;
  if (inner == 1) {
    for (Size o = 0; o < outer; ++o) f(Row<T, A>{n}, o * n, o);
  } else {
    for (Size o = 0; o < outer; ++o)
      for (Size j = 0; j < inner; j += width)
        f(Columns<T, A>{n, inner, inner - j < width ? inner - j : width}, o * n * inner + j, o * inner + j);
  }
}

/// W::load with what the missing elements are.
template <class W, class T> W load_or(const T* from, T) noexcept { return W::load(from); }
template <class W, class T> W load_or(const T* from, T rest, Size count) noexcept { return W::load(from, count, rest); }

/// The elements x themselves combined: one function for all who need that, since a reduction is long.
template <class By, class T, class View> auto combined(const View& view, const T* x) noexcept {
  using W = typename View::W;
  return view.template reduce<By, true>(
      [&](Size i, auto... count) { return load_or<W>(x + i, By::identity, count...); });
}

}  // namespace xgrad::detail
