#pragma once
// Wide<T, A, lines>: as many elements as fill `lines` times 64 bytes, whatever the instruction set's width, so that
// the order of a sum, and with it the bits, is the same for all of them.
#include <utility>

#include <xgrad/engine/kernels/math.hpp>

namespace xgrad::detail {

template <class T, class A, int lines = 1> struct Wide {
  using L = Lane<T, A>;
  static constexpr int width = lines * 64 / static_cast<int>(sizeof(T)), parts = width / L::width;
  L part[parts];

  Wide() = default;
  Wide(L lane) noexcept {
    for (L& p : part) p = lane;
  }
  static Wide load(const T* from) noexcept {
    Wide wide;
    for (int i = 0; i < parts; ++i) wide.part[i] = L::load(from + i * L::width);
    return wide;
  }
  void store(T* to) const noexcept {
    for (int i = 0; i < parts; ++i) part[i].store(to + i * L::width);
  }
  /// The first `count` elements only, 0 < count <= width; the others are `rest`.
  static Wide load(const T* from, std::int64_t count, T rest = 0) noexcept {
    if constexpr (out_of_line) return count == width ? load(from) : load_first(from, count, rest);
    Wide wide;
    for (int i = 0; i < parts; ++i, count -= L::width) {
      const T* p = from + i * L::width;
      wide.part[i] = count >= L::width ? L::load(p) : count > 0 ? L::load(p, count, rest) : L(rest);
    }
    return wide;
  }
  void store(T* to, std::int64_t count) const noexcept {
    if constexpr (out_of_line) return count == width ? store(to) : store_first(to, count);
    for (int i = 0; i < parts; ++i, count -= L::width) {
      if (count >= L::width) part[i].store(to + i * L::width);
      else if (count > 0) part[i].store(to + i * L::width, count);
    }
  }

  // Where a Wide is many short vectors, a choice for each of them would be more code than all the rest.
  static constexpr bool out_of_line = L::width * sizeof(T) <= 16;
  [[gnu::noinline]] static Wide load_first(const T* from, std::int64_t count, T rest) noexcept {
    T all[width];
    Wide(L(rest)).store(all);
    std::memcpy(all, from, static_cast<std::size_t>(count) * sizeof(T));
    return load(all);
  }
  [[gnu::noinline]] void store_first(T* to, std::int64_t count) const noexcept {
    T all[width];
    store(all);
    std::memcpy(to, all, static_cast<std::size_t>(count) * sizeof(T));
  }

  template <class F> friend Wide map(F f, const Wide& a) noexcept {
    Wide result;
    for (int i = 0; i < parts; ++i) result.part[i] = f(a.part[i]);
    return result;
  }
  /// For functions of some length: their code once.
  template <class F> friend Wide map_in_turn(F f, const Wide& a) noexcept {
    Wide result;
#pragma GCC unroll 1
    for (int i = 0; i < parts; ++i) result.part[i] = f(a.part[i]);
    return result;
  }
  template <class F> friend Wide map(F f, const Wide& a, const Wide& b) noexcept {
    Wide result;
    for (int i = 0; i < parts; ++i) result.part[i] = f(a.part[i], b.part[i]);
    return result;
  }
  friend Wide operator+(const Wide& a, const Wide& b) noexcept {
    return map([](L x, L y) { return x + y; }, a, b);
  }
  friend Wide operator-(const Wide& a, const Wide& b) noexcept {
    return map([](L x, L y) { return x - y; }, a, b);
  }
  friend Wide operator*(const Wide& a, const Wide& b) noexcept {
    return map([](L x, L y) { return x * y; }, a, b);
  }
  friend Wide operator/(const Wide& a, const Wide& b) noexcept {
    return map([](L x, L y) { return x / y; }, a, b);
  }
  friend Wide exp(const Wide& a) noexcept {
    return map_in_turn([](L x) { return exp(x); }, a);
  }
  /// a * b + c
  friend Wide fma(const Wide& a, const Wide& b, const Wide& c) noexcept {
    Wide result;
    for (int i = 0; i < parts; ++i) result.part[i] = fma(a.part[i], b.part[i], c.part[i]);
    return result;
  }
};

/// What reductions combine with, and what changes nothing.
template <class T> struct Sum {
  static constexpr T identity = 0;
  template <class L> static L combine(L a, L b) noexcept { return a + b; }
};
template <class T> struct Max {
  static constexpr T identity = -Float<T>::infinity;
  template <class L> static L combine(L a, L b) noexcept { return maximum(a, b); }
};
template <class T> struct Min {
  static constexpr T identity = Float<T>::infinity;
  template <class L> static L combine(L a, L b) noexcept { return minimum(a, b); }
};

template <class By, class T, class A, int lines>
Wide<T, A, lines> combine(const Wide<T, A, lines>& a, const Wide<T, A, lines>& b) noexcept {
  return map([](auto x, auto y) { return By::combine(x, y); }, a, b);
}

/// Lane i is lane i + shift of v, round the end.
template <int shift, class T, class A, int... i>
Lane<T, A> rotate(Lane<T, A> v, std::integer_sequence<int, i...>) noexcept {
  using Value = typename Lane<T, A>::Value;
  using Register = typename Value::register_type;
  const Register r = v.v;
  return Value(reinterpret_cast<Register>(__builtin_shufflevector(r, r, ((i + shift) % int{sizeof...(i)})...)));
}

template <class By, int distance, class T, class A> T fold_lanes(Lane<T, A> v) noexcept {
  if constexpr (distance == 0) {
    return v.v.get(0);
  } else {
    const auto lanes = std::make_integer_sequence<int, Lane<T, A>::width>();
    return fold_lanes<By, distance / 2>(By::combine(v, rotate<distance>(v, lanes)));
  }
}

/// All elements combined: the upper half into the lower, and so on.
template <class By, class T, class A> T fold(Wide<T, A> wide) noexcept {
  for (int half = wide.parts / 2; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) wide.part[i] = By::combine(wide.part[i], wide.part[i + half]);
  return fold_lanes<By, Lane<T, A>::width / 2>(wide.part[0]);
}

/// term(0) .. term(n - 1) combined in an order that follows from n alone: sequences of 16, or of 16 fours where a term
/// is `cheap` and the additions would have to wait for each other, and these pairwise, which keeps the error of a long
/// sum small.
template <class By, class T, class A, int lines, bool cheap, class Term>
Wide<T, A, lines> reduce_terms(std::int64_t n, Term term) noexcept {
  using W = Wide<T, A, lines>;
  constexpr std::int64_t block = cheap ? 64 : 16;
  const auto add = [](const W& a, const W& b) { return combine<By>(a, b); };
  W level[60];
  int levels = 0;
  for (std::int64_t i = 0, blocks = 0; i < n || blocks == 0;) {
    const std::int64_t end = i + block < n ? i + block : n;
    W sum(By::identity);
    if constexpr (cheap)
      for (; i + 4 <= end; i += 4) {
        const W t0 = term(i), t1 = term(i + 1), t2 = term(i + 2), t3 = term(i + 3);
        sum = add(sum, add(add(t0, t1), add(t2, t3)));
      }
    for (; i < end; ++i) sum = add(sum, term(i));
    for (std::int64_t k = blocks++; k & 1; k >>= 1) sum = add(level[--levels], sum);
    level[levels++] = sum;
  }
  W sum = level[--levels];
  while (levels > 0) sum = add(level[--levels], sum);
  return sum;
}

/// The same over n consecutive elements: term(i, count...) gives those from i on, a full Wide without a count.
template <class By, class T, class A, bool cheap, class Term>
[[gnu::always_inline]] inline T reduce_row(std::int64_t n, Term term) noexcept {
  using W = Wide<T, A>;
  const std::int64_t full = n / W::width, rest = n % W::width;
  W sum(By::identity);
  if (full != 0) sum = reduce_terms<By, T, A, 1, cheap>(full, [&](std::int64_t i) { return term(i * W::width); });
  if (rest != 0) sum = combine<By>(sum, term(full * W::width, rest));
  return fold<By>(sum);
}

}  // namespace xgrad::detail
