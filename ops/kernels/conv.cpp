#include <xgrad/ops/kernels/conv.hpp>
#include <xgrad/ops/kernels/rows.hpp>

namespace xgrad::detail {
namespace {

using Size = std::int64_t;

/// How many batches of columns fit into the registers as sums beside `rows` rows.
template <class A> constexpr int columns_for(int rows, int registers) {
  const int n = registers / rows;
  return n > 8 ? 8 : n < 1 ? 1 : n;
}

/// Sums for R rows and C batches of columns, from j on.
template <class T, class A, int R, int C>
[[gnu::always_inline]] inline void block(const T* w, const Size* offset, Size places, const T* x, const T* start, T* to,
                                         Size to_row) noexcept {
  using L = Lane<T, A>;
  L sum[R][C];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) sum[r][c] = start ? L(start[r]) : L::load(to + r * to_row + c * L::width);
  for (Size k = 0; k < places; ++k, w += R) {
    const T* const from = x + offset[k];
    L column[C];
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) column[c] = L::load(from + c * L::width);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const L factor(w[r]);
#pragma GCC unroll 8
      for (int c = 0; c < C; ++c) sum[r][c] = fma(factor, column[c], sum[r][c]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) sum[r][c].store(to + r * to_row + c * L::width);
}

template <class T, class A, int R>
void rows_of(const T* w, const Size* offset, Size places, const T* x, Size n, const T* start, T* to,
             Size to_row) noexcept {
  constexpr Size width = Lane<T, A>::width;
  constexpr int C = columns_for<A>(R, width * sizeof(T) == 64 ? 24 : 12);
  Size j = 0;
  for (; j + (C - 1) * width < n; j += C * width) block<T, A, R, C>(w, offset, places, x + j, start, to + j, to_row);
  if constexpr (C > 2)
    for (; j + width < n; j += 2 * width) block<T, A, R, 2>(w, offset, places, x + j, start, to + j, to_row);
  if constexpr (C > 1)
    for (; j < n; j += width) block<T, A, R, 1>(w, offset, places, x + j, start, to + j, to_row);
}

template <class T, class A>
void correlate(const T* w, const Size* offset, Size places, const T* x, Size rows, Size n, const T* start, T* to,
               Size to_row) {
  constexpr Size together = 256;  // places, whose factors and planes stay in the nearest cache
  for (Size k = 0; k == 0 || k < places; k += together, offset += together) {
    const Size some = places - k < together ? places - k : together;
    for (Size r = 0; r < rows;) {
      const Size count = conv_block(rows - r);
      const T *const factors = w + r * places + k * count, *const first = k == 0 ? start + r : nullptr;
      T* const out = to + r * to_row;
      if (count == 8) rows_of<T, A, 8>(factors, offset, some, x, n, first, out, to_row);
      else if (count == 4) rows_of<T, A, 4>(factors, offset, some, x, n, first, out, to_row);
      else if (count == 2) rows_of<T, A, 2>(factors, offset, some, x, n, first, out, to_row);
      else rows_of<T, A, 1>(factors, offset, some, x, n, first, out, to_row);
      r += count;
    }
  }
}

/// The products of R rows of g with C shifts of x, each summed up in a Wide.
template <class T, class A, int R, int C>
[[gnu::always_inline]] inline void dots(const T* g, Size g_row, const T* x, const Size* offset, Size places, Size n,
                                        Size images, Size g_image, Size x_image, T* to) noexcept {
  using W = Wide<T, A>;
  using L = Lane<T, A>;
  W sum[R][C];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) sum[r][c] = W(0);
  const T* shifted[C];
  for (int c = 0; c < C; ++c) shifted[c] = x + offset[c];
  for (Size i = 0; i < images; ++i, g += g_image) {
    for (Size j = 0; j < n; j += W::width)
#pragma GCC unroll 8
      for (int part = 0; part < W::parts; ++part) {
        const Size at = j + part * L::width;
        L row[R];
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) row[r] = L::load(g + r * g_row + at);
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) {
          const L column = L::load(shifted[c] + i * x_image + at);
#pragma GCC unroll 8
          for (int r = 0; r < R; ++r) sum[r][c].part[part] = fma(row[r], column, sum[r][c].part[part]);
        }
      }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) to[r * places + c] += fold<Sum<T>>(sum[r][c]);
}

template <class T, class A>
void correlate_weights(const T* g, Size g_row, Size rows, const T* x, const Size* offset, Size places, Size n,
                       Size images, Size g_image, Size x_image, T* to) {
  constexpr bool large = Wide<T, A>::parts == 1;
  constexpr int most_rows = large ? 4 : 2, most = large ? 6 : 3;
  const auto block = [&]<int R, int C>(std::integer_sequence<int, R, C>, Size r, Size k) {
    dots<T, A, R, C>(g + r * g_row, g_row, x, offset + k, places, n, images, g_image, x_image, to + r * places + k);
  };
  // Some rows at a time, so that they stay in the nearest cache while the shifts pass by.
  constexpr Size near = 6 * 1024;
  const Size fitting = near / (n * images + 1) / most_rows * most_rows,
             chunk = fitting < most_rows ? most_rows : fitting;
  for (Size begin = 0; begin < rows; begin += chunk) {
    const Size end = begin + chunk < rows ? begin + chunk : rows;
    const auto all_rows = [&]<int C>(std::integer_sequence<int, C>, Size k) {
      Size r = begin;
      for (; r + most_rows <= end; r += most_rows) block(std::integer_sequence<int, most_rows, C>(), r, k);
      for (; r < end; ++r) block(std::integer_sequence<int, 1, C>(), r, k);
    };
    Size k = 0;
    for (; k + most <= places; k += most) all_rows(std::integer_sequence<int, most>(), k);
    if constexpr (most > 3)
      for (; k + 3 <= places; k += 3) all_rows(std::integer_sequence<int, 3>(), k);
    for (; k < places; ++k) all_rows(std::integer_sequence<int, 1>(), k);
  }
}

/// Where a phase of a side is inside the plane: for first <= u < last.
struct Part {
  Size first, last;
  Part(const ConvSide& s, Size phase) noexcept {
    const Size start = phase + s.first;
    first = start >= 0 ? 0 : (s.stride - 1 - start) / s.stride;
    last = start >= s.end ? 0 : (s.end - 1 - start) / s.stride + 1;
    if (last > s.span) last = s.span;
    if (first > last) first = last;
  }
};

template <class T, class A> void lay_out(const T* x, const ConvSide& h, const ConvSide& w, T* to) {
  for (Size i = 0; i < h.phases * h.span * w.phases * w.span; ++i) to[i] = 0;
  for (Size a = 0; a < h.phases; ++a)
    for (Size b = 0; b < w.phases; ++b, to += h.span * w.span) {
      const Part rows(h, a), columns(w, b);
      const T* from = x + (rows.first * h.stride + a + h.first) * w.extent + columns.first * w.stride + b + w.first;
      T* out = to + rows.first * w.span + columns.first;
      const Size n = columns.last - columns.first;
      if (w.stride == 1) {
        copy_rows<T, A>(from, h.stride * w.extent, rows.last - rows.first, n, out, w.span);
        continue;
      }
      for (Size u = rows.first; u < rows.last; ++u, from += h.stride * w.extent, out += w.span)
        if (w.stride == 2)
          for (Size j = 0; j < n; ++j) out[j] = from[2 * j];
        else
          for (Size j = 0; j < n; ++j) out[j] = from[j * w.stride];
    }
}

template <class T, class A>
void put(const T* from, Size from_row, Size rows, Size n, T* to, Size to_row, Size to_step) {
  if (to_step == 1) return copy_rows<T, A>(from, from_row, rows, n, to, to_row);
  for (Size r = 0; r < rows; ++r, from += from_row, to += to_row)
    for (Size j = 0; j < n; ++j) to[j * to_step] = from[j];
}

template <class T, class A> constexpr ConvKernels<T> make_kernels() {
  return {.lay_out = lay_out<T, A>,
          .put = put<T, A>,
          .correlate = correlate<T, A>,
          .correlate_weights = correlate_weights<T, A>};
}

}  // namespace

template <class A> const ConvKernels<float> ConvTable<A>::float32 = make_kernels<float, A>();
template <class A> const ConvKernels<double> ConvTable<A>::float64 = make_kernels<double, A>();
template struct ConvTable<arch::XGRAD_ARCH>;

}  // namespace xgrad::detail
