#include <xgrad/engine/kernels/product.hpp>

#include <xgrad/engine/kernels/math.hpp>
#include <xgrad/engine/kernels/move.hpp>

namespace xgrad::detail {
namespace {

/// Of c, held in registers while the sum runs: as much as leaves room for a line of b and an element of a. What a sum
/// is does not depend on it: one fused multiply-add a step, in the order of the steps.
template <class T, class A> struct Held {
  static constexpr int width = Lane<T, A>::width, cache_line = 64 / sizeof(T);
  static constexpr int rows = width == cache_line ? 8 : 4, vectors = Isa<A>::has_fma ? 3 : 2;
};

/// The width of the next panel of b: two of two vectors rather than three and one.
template <class T, class A> Size panel_width(Size columns) noexcept {
  constexpr Size width = Held<T, A>::width, most = Held<T, A>::vectors;
  const Size vectors = (columns + width - 1) / width;
  return width * (most == 3 && vectors == 4 ? 2 : vectors < most ? vectors : most);
}

/// How a lies: row i begins at i * row, and goes on by `step`. One of the two is 1, as the type says where that pays.
template <bool by_row> struct Packed {
  Size stride;
  constexpr Size row() const noexcept { return by_row ? stride : 1; }
  constexpr Size step() const noexcept { return by_row ? 1 : stride; }
};
struct Strided {
  Size row_, step_;
  Size row() const noexcept { return row_; }
  Size step() const noexcept { return step_; }
};

/// `rows` rows of c and `vectors` vectors of columns, `last` columns in the last one.
template <class T, class A, int rows, int vectors, class Lines>
void corner(const Block<T>& block, const T* a, Lines lines, const T* b, Size b_step, T* c, const T* bias,
            Size last) noexcept {
  using L = Lane<T, A>;
  L sum[rows][vectors];
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) sum[i][j] = L(0);
      // Rows of c lie pages apart, where the processor does not look ahead: without this, squares of 1024 take 1.08
      // times as long, and without the one below 1.06.
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j)
      if (j * L::width % Held<T, A>::cache_line == 0) __builtin_prefetch(c + i * block.ldc + j * L::width, 1);
  for (Size l = 0; l < block.k; ++l) {
    L line[vectors];
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) {
      line[j] = L::load(b + j * L::width);
      if constexpr (L::width == Held<T, A>::cache_line)  // else a panel stays in the nearest cache
        __builtin_prefetch(b + 8 * b_step + j * L::width);
    }
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
      const L factor(a[i * lines.row()]);
#pragma GCC unroll 4
      for (int j = 0; j < vectors; ++j) sum[i][j] = fma(factor, line[j], sum[i][j]);
    }
    b += b_step;
    a += lines.step();
  }
  const auto each = [&](auto f) {
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i)
#pragma GCC unroll 4
      for (int j = 0; j < vectors; ++j) {
        T* const to = c + i * block.ldc + j * L::width;
        if (j < vectors - 1 || last == L::width) f(to, j * L::width, sum[i][j]);
        else f(to, j * L::width, sum[i][j], last);
      }
  };
  if (!bias && !block.accumulate) return each([](T* to, int, L value, auto... count) { value.store(to, count...); });
  each([&](T* to, int column, L value, auto... count) {
    if (bias) value = value + L::load(bias + column, count...);
    if (block.accumulate) value = value + L::load(to, count...);
    value.store(to, count...);
  });
}

template <class T> using Corner = void (*)(const Block<T>&, const T*, Strided, const T*, Size, T*, const T*, Size);

/// The corners of 1 to `rows` rows.
template <class T, class A, int vectors, int... i>
Corner<T> corner_of(Size rows, std::integer_sequence<int, i...>) noexcept {
  static constexpr Corner<T> corners[] = {corner<T, A, i + 1, vectors, Strided>...};
  return corners[rows - 1];
}

/// All rows of one panel of b.
template <class T, class A, int vectors, bool by_row>
void panel(const Block<T>& block, const T* b, Size j, Size last) noexcept {
  constexpr Size rows = Held<T, A>::rows;
  const Size step = block.a_packed ? rows * block.k : by_row ? rows * block.a.line : rows;
  const Packed<by_row> lines{by_row ? block.a.line : block.a.step};
  const Size b_step = block.b_step ? block.b_step : vectors * Lane<T, A>::width;
  const T* a = block.a.at;
  const T* const bias = block.bias ? block.bias + j : nullptr;
  T* c = block.c + j;
  Size i = 0;
  for (; i + rows <= block.m; i += rows, a += step, c += rows * block.ldc)
    corner<T, A, rows, vectors>(block, a, lines, b, b_step, c, bias, last);
  if (i < block.m)
    corner_of<T, A, vectors>(block.m - i, std::make_integer_sequence<int, rows - 1>())(
        block, a, Strided{lines.row(), lines.step()}, b, b_step, c, bias, last);
}

template <class T, class A, bool by_row> void panels(const Block<T>& block) noexcept {
  constexpr Size width = Lane<T, A>::width;
  constexpr int most = Held<T, A>::vectors;
  const T* b = block.b;
  for (Size j = 0, wide; j < block.n; j += wide) {
    wide = panel_width<T, A>(block.n - j);
    const Size columns = block.n - j < wide ? block.n - j : wide, last = columns - wide + width;
    if (wide == width) panel<T, A, 1, by_row>(block, b, j, last);
    else if (wide == 2 * width) panel<T, A, 2, by_row>(block, b, j, last);
    else if constexpr (most == 3) panel<T, A, 3, by_row>(block, b, j, last);
    b += wide * (block.b_step ? 1 : block.k);
  }
}

template <class T, class A> void multiply(const Block<T>& block) noexcept {
  if (block.a.step == 1 && !block.a_packed) panels<T, A, true>(block);
  else panels<T, A, false>(block);
}

#ifdef __AVX__
/// Lines of 16 bytes, two groups of them side by side, to steps of 32 bytes: a transposition within halves.
template <class T, class A> void transpose_halves(const T* from, Size line, T* to, Size width) noexcept {
  constexpr int half = 16 / sizeof(T);
  typedef T Whole __attribute__((vector_size(32)));
  Whole x[half];
  for (int i = 0; i < half; ++i) {
    const T *low = from + i * line, *high = low + half * line;
    if constexpr (half == 2)
      x[i] = _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(low)), _mm_loadu_pd(high), 1);
    else x[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high), 1);
  }
  const auto put = [&](int l, Whole step) { std::memcpy(to + l * width, &step, 32); };
  if constexpr (half == 2) {
    put(0, __builtin_shufflevector(x[0], x[1], 0, 4, 2, 6));
    put(1, __builtin_shufflevector(x[0], x[1], 1, 5, 3, 7));
  } else {
    const Whole a = __builtin_shufflevector(x[0], x[1], 0, 8, 1, 9, 4, 12, 5, 13),
                b = __builtin_shufflevector(x[2], x[3], 0, 8, 1, 9, 4, 12, 5, 13),
                c = __builtin_shufflevector(x[0], x[1], 2, 10, 3, 11, 6, 14, 7, 15),
                d = __builtin_shufflevector(x[2], x[3], 2, 10, 3, 11, 6, 14, 7, 15);
    put(0, __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13));
    put(1, __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15));
    put(2, __builtin_shufflevector(c, d, 0, 1, 8, 9, 4, 5, 12, 13));
    put(3, __builtin_shufflevector(c, d, 2, 3, 10, 11, 6, 7, 14, 15));
  }
}
#endif

/// A panel of lines, each of which lies in one piece.
template <class T, class A> void pack_rows(const T* from, Size line, Size lines, Size k, Size width, T* to) noexcept {
  using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr Size together = 64;  // steps whose place stays in the nearest cache while all lines come by
  for (Size l = 0; l < k; l += together) {
    const Size steps = k - l < together ? k - l : together;
    Size i = 0;
#ifdef __AVX__
    constexpr Size step = 16 / sizeof(T), group = 2 * step;
    const Size whole = steps / step * step;
    for (; i + group <= lines; i += group) {
      for (Size s = l; s < l + whole; s += step)
        transpose_halves<T, A>(from + i * line + s, line, to + s * width + i, width);
      for (Size s = l + whole; s < l + steps; ++s)
        for (Size r = i; r < i + group; ++r) to[s * width + r] = from[r * line + s];
    }
#endif
    transpose<Word, A>(from + i * line + l, lines - i, steps, line, to + l * width + i, width);
  }
  for (Size l = 0; lines < width && l < k; ++l)
    for (Size i = lines; i < width; ++i) to[l * width + i] = 0;
}

/// A panel of b whose steps each lie in one piece.
template <class T, class A>
void pack_columns(const T* from, Size step, Size lines, Size k, Size width, T* to) noexcept {
  using L = Lane<T, A>;
  for (Size l = 0; l < k; ++l, from += step, to += width) {
    Size i = 0;
    for (Size p = 0; p < lines; p += 64 / sizeof(T)) __builtin_prefetch(from + 16 * step + p);
    for (; i + L::width <= lines; i += L::width) L::load(from + i).store(to + i);
    if (i < lines) L::load(from + i, lines - i).store(to + i);
  }
}

template <class T, class A> void pack_b(Factor<T> from, Size lines, Size k, T* to) noexcept {
  for (Size j = 0, width; j < lines; j += width) {
    width = panel_width<T, A>(lines - j);
    const Size count = lines - j < width ? lines - j : width;
    const T* const at = from.at + j * from.line;
    if (from.line == 1) pack_columns<T, A>(at, from.step, count, k, width, to + j * k);
    else pack_rows<T, A>(at, from.line, count, k, width, to + j * k);
  }
}

template <class T, class A> void pack_a(Factor<T> from, Size lines, Size k, T* to) noexcept {
  constexpr Size width = Held<T, A>::rows;
  if (from.line != 1) {
    for (Size i = 0; i < lines; i += width)
      pack_rows<T, A>(from.at + i * from.line, from.line, lines - i < width ? lines - i : width, k, width, to + i * k);
    return;
  }
  constexpr Size together = 256 / sizeof(T);  // some cache lines of each step, which are several panels
  for (Size first = 0; first < lines; first += together) {
    const Size count = lines - first < together ? lines - first : together, whole = count / width * width;
    const T* at = from.at + first;
    for (Size l = 0; l < k; ++l, at += from.step) {
      T* put = to + first * k + l * width;
      for (Size p = 0; p < count; p += 64 / sizeof(T)) __builtin_prefetch(at + 16 * from.step + p);
      for (Size i = 0; i < whole; i += width, put += width * k) std::memcpy(put, at + i, width * sizeof(T));
      for (Size i = 0; whole < count && i < width; ++i) put[i] = i < count - whole ? at[whole + i] : T{0};
    }
  }
}

template <class T, class A> constexpr ProductKernels<T> make_product_kernels() {
  constexpr int rows = Held<T, A>::rows, width = Held<T, A>::width, columns = Held<T, A>::vectors * width;
  return {.rows = rows,
          .columns = columns,
          .vector = width,
          .pack_a = pack_a<T, A>,
          .pack_b = pack_b<T, A>,
          .multiply = multiply<T, A>};
}

}  // namespace

template <class A>
constinit const ProductTable ProductTables<A>::table = {make_product_kernels<float, A>(),
                                                        make_product_kernels<double, A>()};
template struct ProductTables<arch::XGRAD_ARCH>;

}  // namespace xgrad::detail
