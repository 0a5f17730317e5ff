#pragma once
#include <xgrad/engine/kernels/along.hpp>

namespace xgrad::detail {

/// The largest element, which is taken off before exp so that nothing overflows.
template <class T, class View> auto largest(const View& view, const T* x) noexcept {
  return combined<Max<T>>(view, x);
}

/// log of the sum of e^(x - shift), exact also where one term is nearly all of the sum: those with x = shift, which are
/// 1, are counted apart, and of the rest log1p is taken.
template <class T, class View>
auto log_sum_of_exp(const View& view, const T* x, const typename View::W& shift) noexcept {
  using W = typename View::W;
  const auto at = [&](Size i, auto... count) { return load_or<W>(x + i, Max<T>::identity, count...) - shift; };
  const W ones = view.template reduce<Sum<T>, true>(
      [&](Size i, auto... count) { return map([](auto d) { return where(d == 0, 1, 0); }, at(i, count...)); });
  const W others = view.template reduce<Sum<T>, false>([&](Size i, auto... count) {
    return map_in_turn([](auto d) { return where(d == 0, 0, exp(d)); }, at(i, count...));
  });
  return view.apply([](auto v) { return log1p(v); }, (ones - W(1)) + others);
}

/// A row that fits in one Wide: e^x need not be stored and read again, which takes longer than computing it.
template <class T, class A> void short_softmax(const T* x, Size n, T* y) noexcept {
  using W = Wide<T, A>;
  const W row = W::load(x, n, Max<T>::identity), e = exp(row - W(fold<Max<T>>(row)));
  (e / W(fold<Sum<T>>(e))).store(y, n);
}

template <class T, class A> void softmax(const T* from, Size outer, Size n, Size inner, T* to) noexcept {
  if (inner == 1 && n <= Wide<T, A>::width) {
    for (Size o = 0; o < outer; ++o) short_softmax<T, A>(from + o * n, n, to + o * n);
    return;
  }
  each_view<T, A>(outer, n, inner, [&](auto view, Size begin, Size) {
    using W = typename decltype(view)::W;
    const T* x = from + begin;
    T* y = to + begin;
    const W top = largest(view, x), sum = view.template reduce<Sum<T>, false>([&](Size i, auto... count) {
      const W e = exp(load_or<W>(x + i, Max<T>::identity, count...) - top);
      e.store(y + i, count...);
      return e;
    });
    view.each([&](Size i, auto... count) { (W::load(y + i, count...) / sum).store(y + i, count...); });
  });
}

template <class T, class A> void log_softmax(const T* from, Size outer, Size n, Size inner, T* to) noexcept {
  each_view<T, A>(outer, n, inner, [&](auto view, Size begin, Size) {
    using W = typename decltype(view)::W;
    const T* x = from + begin;
    T* y = to + begin;
    const W shift = largest(view, x), log_sum = log_sum_of_exp(view, x, shift);
    view.each([&](Size i, auto... count) { (W::load(x + i, count...) - shift - log_sum).store(y + i, count...); });
  });
}

template <class T, class A> void logsumexp(const T* from, Size outer, Size n, Size inner, T* to) noexcept {
  each_view<T, A>(outer, n, inner, [&](auto view, Size begin, Size result) {
    using W = typename decltype(view)::W;
    const T* x = from + begin;
    // An infinite one is the result already; taking it off would give nan.
    const W shift = map([](auto m) { return where(abs(m) == Float<T>::infinity, 0, m); }, largest(view, x));
    view.put(to + result, shift + log_sum_of_exp(view, x, shift));
  });
}

/// to = f(g, y, total), or += it, where total is the sum of term(g, y).
template <class T, class A, class Term, class F>
void along_gradient(const T* g, const T* y, Size outer, Size n, Size inner, T* to, bool accumulate, Term term,
                    F f) noexcept {
  each_view<T, A>(outer, n, inner, [&](auto view, Size begin, Size) {
    using W = typename decltype(view)::W;
    const W total = view.template reduce<Sum<T>, false>([&](Size i, auto... count) {
      return term(W::load(g + begin + i, count...), W::load(y + begin + i, count...));
    });
    view.each([&](Size i, auto... count) {
      T* const at = to + begin + i;
      const W d = f(W::load(g + begin + i, count...), W::load(y + begin + i, count...), total);
      (accumulate ? W::load(at, count...) + d : d).store(at, count...);
    });
  });
}

template <class T, class A>
void softmax_grad(const T* g, const T* y, Size outer, Size n, Size inner, T* to, bool accumulate) noexcept {
  using W = Wide<T, A>;
  along_gradient<T, A>(
      g, y, outer, n, inner, to, accumulate, [](const W& gi, const W& yi) { return gi * yi; },
      [](const W& gi, const W& yi, const W& total) { return yi * (gi - total); });
}

template <class T, class A>
void log_softmax_grad(const T* g, const T* y, Size outer, Size n, Size inner, T* to, bool accumulate) noexcept {
  using W = Wide<T, A>;
  along_gradient<T, A>(
      g, y, outer, n, inner, to, accumulate, [](const W& gi, const W&) { return gi; },
      [](const W& gi, const W& yi, const W& total) { return gi - exp(yi) * total; });
}

}  // namespace xgrad::detail
