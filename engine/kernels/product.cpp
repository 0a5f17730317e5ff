#include <xgrad/engine/kernels/product.hpp>

#include <xgrad/engine/kernels/math.hpp>
#include <xgrad/engine/kernels/move.hpp>

namespace xgrad::detail {
namespace {

/// Of c, held in registers while the sum runs: 8 rows of 3 vectors where there are 32 registers, else 6 of 2.
template <class T, class A> struct Held {
  static constexpr int width = Lane<T, A>::width;
  static constexpr int rows = width * sizeof(T) == 64 ? 8 : 6, vectors = width * sizeof(T) == 64 ? 3 : 2;
};

/// `rows` rows of c and `vectors` vectors of columns, `last` columns in the last one. Row i of a is at i * stride and
/// steps by 1 where `by_row`, else at i, and steps by stride.
template <class T, class A, int rows, int vectors, bool by_row>
void corner(Size k, const T* a, Size stride, const T* b, T* c, const Block<T>& block, const T* bias,
            Size last) noexcept {
  using L = Lane<T, A>;
  L sum[rows][vectors];
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) sum[i][j] = L(0);
  for (Size l = 0; l < k; ++l) {
    L line[vectors];
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) line[j] = L::load(b + j * L::width);
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
      const L factor(a[by_row ? i * stride : i]);
#pragma GCC unroll 4
      for (int j = 0; j < vectors; ++j) sum[i][j] = fma(factor, line[j], sum[i][j]);
    }
    b += vectors * L::width;
    a += by_row ? 1 : stride;
  }
  const auto finish = [&](T* to, const T* add, L value, auto... count) {
    if (add) value = value + L::load(add, count...);
    if (block.accumulate) value = value + L::load(to, count...);
    value.store(to, count...);
  };
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) {
      T* const to = c + i * block.ldc + j * L::width;
      const T* const add = bias ? bias + j * L::width : nullptr;
      if (j < vectors - 1 || last == L::width) finish(to, add, sum[i][j]);
      else finish(to, add, sum[i][j], last);
    }
}

template <class T> using Corner = void (*)(Size, const T*, Size, const T*, T*, const Block<T>&, const T*, Size);

/// The corners of 1 to `rows` rows.
template <class T, class A, int vectors, bool by_row, int... i>
Corner<T> corner_of(Size rows, std::integer_sequence<int, i...>) noexcept {
  static constexpr Corner<T> corners[] = {corner<T, A, i + 1, vectors, by_row>...};
  return corners[rows - 1];
}

/// All rows of one panel of b.
template <class T, class A, int vectors, bool by_row>
void panel(const Block<T>& block, const T* b, Size j, Size last) noexcept {
  constexpr Size rows = Held<T, A>::rows;
  const Size step = block.a_packed ? rows * block.k : by_row ? rows * block.a.line : rows;
  const Size stride = by_row ? block.a.line : block.a.step;
  const T* a = block.a.at;
  const T* const bias = block.bias ? block.bias + j : nullptr;
  T* c = block.c + j;
  Size i = 0;
  for (; i + rows <= block.m; i += rows, a += step, c += rows * block.ldc)
    corner<T, A, rows, vectors, by_row>(block.k, a, stride, b, c, block, bias, last);
  if (i < block.m)
    corner_of<T, A, vectors, by_row>(block.m - i, std::make_integer_sequence<int, rows - 1>())(block.k, a, stride, b, c,
                                                                                               block, bias, last);
}

template <class T, class A, bool by_row> void panels(const Block<T>& block) noexcept {
  constexpr Size width = Lane<T, A>::width;
  constexpr int most = Held<T, A>::vectors;
  const T* b = block.b;
  for (Size j = 0; j < block.n; j += most * width) {
    const Size columns = block.n - j < most * width ? block.n - j : most * width,
               vectors = (columns + width - 1) / width;
    const Size last = columns - (vectors - 1) * width;
    if (vectors == 1) panel<T, A, 1, by_row>(block, b, j, last);
    else if (vectors == 2) panel<T, A, 2, by_row>(block, b, j, last);
    else if constexpr (most == 3) panel<T, A, 3, by_row>(block, b, j, last);
    b += vectors * width * block.k;
  }
}

template <class T, class A> void multiply(const Block<T>& block) noexcept {
  if (block.a.step == 1 && !block.a_packed) panels<T, A, true>(block);
  else panels<T, A, false>(block);
}

template <class T, class A> void pack(Factor<T> from, Size lines, Size k, Size width, T* to) noexcept {
  using L = Lane<T, A>;
  for (Size l = 0; lines < width && l < k; ++l)
    for (Size i = lines; i < width; ++i) to[l * width + i] = 0;
  if (from.line != 1)
    return transpose<std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>, A>(from.at, lines, k, from.line,
                                                                                          to, width);
  for (Size l = 0; l < k; ++l) {
    const T* const line = from.at + l * from.step;
    Size i = 0;
    for (; i + L::width <= lines; i += L::width) L::load(line + i).store(to + l * width + i);
    if (i < lines) L::load(line + i, lines - i).store(to + l * width + i, lines - i);
  }
}

template <class T, class A> constexpr ProductKernels<T> make_product_kernels() {
  using H = Held<T, A>;
  return {.rows = H::rows,
          .columns = H::vectors * H::width,
          .vector = H::width,
          .pack = pack<T, A>,
          .multiply = multiply<T, A>};
}

}  // namespace

template <class A>
constinit const ProductTable ProductTables<A>::table = {make_product_kernels<float, A>(),
                                                        make_product_kernels<double, A>()};
template struct ProductTables<arch::XGRAD_ARCH>;

}  // namespace xgrad::detail
