// Products of matrices by kernels of our own, see kernels/product.hpp: the order of every sum follows from its length
// alone, so that neither where a tile starts nor which thread computes it shows in the bits.
#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/engine/internal/product.hpp>
#include <xgrad/engine/kernels/arrays.hpp>
#include <xgrad/engine/kernels/product.hpp>

#include <algorithm>

namespace xgrad::detail {
namespace {

i64 parts(i64 n, i64 step) noexcept { return (n + step - 1) / step; }
i64 round_up(i64 n, i64 step) noexcept { return parts(n, step) * step; }

/// f(first, count) for parts of 0 .. n - 1, of `line` multiply-adds each.
template <class F> void each_part(i64 n, i64 line, F f) {
  constexpr i64 enough = i64{1} << 17, least = 64;  // products with a vector wait for memory: threads pay sooner
  const i64 step = n * line < 2 * enough ? n : std::max(least, enough / line / least * least);
  parallel_for(parts(n, step), [&](i64 part) { f(part * step, std::min(step, n - part * step)); });
}

template <class T> Tensor scratch(i64 elements) {
  return new_array(sizeof(T) == 4 ? DType::float32 : DType::float64, Shape{elements});
}
template <class T> T* elements_of(const Tensor& t) noexcept { return static_cast<T*>(Access::body(t)->data); }

/// c = a b by the packed kernels: a part of the sum and of c at a time, and c in tiles.
template <class T> struct PackedProduct {
  // What a kernel reads again and again stays in the caches: a panel of b in the first, a's part of a tile in the
  // second.
  static constexpr i64 most_steps = 256, most_rows = 48, most_packed = 4096;
  static constexpr i64 most_tiles = 64, pack_together = i64{1} << 17;

  Factor<T> a, b;  // lines are rows of a and columns of b
  i64 m, n, k;
  T* c;
  i64 ldc;
  const T* bias;
  bool accumulate;
  const ProductKernels<T>& kernels = product_kernels<T>();

  /// A vector of few columns costs as much as a full one: those are computed as rows.
  void run() {
    const i64 few = n % kernels.vector, most = kernels.vector * (a.line == 1 ? 10 : 6) / 16;
    const bool pays = few == n || n - few >= kernels.columns;  // else another vector for the panel there is costs less
    if (few == 0 || few > most || !pays || m < 2 * kernels.vector || k < 32) return columns();
    n -= few;
    const Tensor room = scratch<T>(few * m);
    T* const turned = elements_of<T>(room);
    PackedProduct{part(b, n, 0), a, few, m, k, turned, m, nullptr, false}.columns();
    if (bias || accumulate)
      for (i64 i = 0; i < m; ++i)
        for (i64 j = 0; j < few; ++j)
          turned[j * m + i] += (bias ? bias[n + j] : 0) + (accumulate ? c[i * ldc + n + j] : 0);
    array_kernels().move[sizeof(T) / 8].transpose(turned, few, m, m, c + n, ldc);
    if (n > 0) columns();
  }

  void columns() const {
    const i64 steps = parts(k, parts(k, most_steps)), wide = round_up(most_packed, kernels.columns);
    // A panel of a is read once for each of b, and the other way around: packing has to pay.
    const bool a_packed = n > 2 * kernels.columns;
    const i64 as_it_is = b.line == 1 && m <= 2 * kernels.rows ? n / kernels.vector * kernels.vector : 0;
    const Tensor room_b = scratch<T>(round_up(std::min(n - as_it_is, wide), kernels.vector) * steps);
    const Tensor room_a = a_packed ? scratch<T>(round_up(std::min(m, most_packed), kernels.rows) * steps) : Tensor();
    T* const packed_b = elements_of<T>(room_b);
    T* const packed_a = a_packed ? elements_of<T>(room_a) : nullptr;
    for (i64 j = 0; j < n;) {
      const bool b_packed = j >= as_it_is;
      const i64 width = b_packed ? std::min(wide, n - j) : as_it_is;
      for (i64 l = 0; l < k; l += steps) {
        const i64 depth = std::min(steps, k - l);
        if (b_packed) pack_b(part(b, j, l), width, depth, packed_b);
        for (i64 i = 0; i < m; i += most_packed) {
          const i64 height = std::min(most_packed, m - i);
          Block<T> block{.m = height,
                         .n = width,
                         .k = depth,
                         .a = part(a, i, l),
                         .a_packed = a_packed,
                         .b = b_packed ? packed_b : part(b, j, l).at,
                         .b_step = b_packed ? 0 : b.step,
                         .c = c + i * ldc + j,
                         .ldc = ldc,
                         .bias = bias && l == 0 ? bias + j : nullptr,
                         .accumulate = accumulate || l > 0};
          if (a_packed) {
            pack_a(block.a, height, depth, packed_a);
            block.a = {packed_a, 1, kernels.rows};
          }
          multiply(block);
        }
      }
      j += width;
    }
  }

 private:
  static Factor<T> part(const Factor<T>& f, i64 line, i64 step) noexcept {
    return {f.at + line * f.line + step * f.step, f.line, f.step};
  }

  /// How many parts of `step` columns: up to one vector more is left to the last one, because the kernels cut what is
  /// left at the end into panels as wide as they can.
  i64 parts_of_columns(i64 width, i64 step) const noexcept {
    return std::max<i64>(1, parts(width - kernels.vector, step));
  }

  void pack_a(const Factor<T>& from, i64 lines, i64 depth, T* to) const {
    const i64 step = std::max<i64>(1, pack_together / (kernels.rows * depth)) * kernels.rows;
    parallel_for(parts(lines, step), [&](i64 p) {
      kernels.pack_a(part(from, p * step, 0), std::min(step, lines - p * step), depth, to + p * step * depth);
    });
  }

  void pack_b(const Factor<T>& from, i64 lines, i64 depth, T* to) const {
    const i64 step = std::max<i64>(1, pack_together / (kernels.columns * depth)) * kernels.columns;
    const i64 count = parts_of_columns(lines, step);
    parallel_for(count, [&](i64 p) {
      kernels.pack_b(part(from, p * step, 0), p < count - 1 ? step : lines - p * step, depth, to + p * step * depth);
    });
  }

  void multiply(const Block<T>& all) const {
    const i64 enough = std::max(parallel_product, all.m * all.n * all.k / most_tiles);
    i64 rows = std::min(all.m, most_rows), columns = all.n;
    const auto is_large = [&] { return rows * columns * all.k > enough; };
    const auto halve = [](i64& extent, i64 step) { extent = round_up((extent + 1) / 2, step); };
    while (is_large() && columns > 4 * kernels.columns) halve(columns, kernels.columns);
    while (is_large() && rows > 4 * kernels.rows) halve(rows, kernels.rows);
    const i64 across = parts_of_columns(all.n, columns);
    parallel_for(across * parts(all.m, rows), [&](i64 tile) {
      const i64 i = tile / across * rows, j = tile % across * columns;
      Block<T> block = all;
      block.m = std::min(rows, all.m - i), block.n = tile % across < across - 1 ? columns : all.n - j;
      if (all.a_packed) block.a.at += i * all.k;
      else block.a = part(all.a, i, 0);
      block.b += all.b_step ? j : j * all.k;
      block.c += i * ldc + j;
      if (block.bias) block.bias += j;
      kernels.multiply(block);
    });
  }
};

template <class T> struct Product {
  bool ta, tb;
  i64 m, n, k;
  const T* a;
  i64 lda;
  const T* b;
  i64 ldb;
  T* c;
  i64 ldc;
  const T* bias;
  bool accumulate;

  void run() {
    if (k == 0) return nothing_to_sum();
    if (m == 1 && (!ta || lda == 1)) return start(), vector_times(tb, n, b, ldb, a);
    if (n == 1 && (tb || ldb == 1) && ldc == 1) return start(), vector_times(!ta, m, a, lda, b);
    if (k == 1 && (ta || lda == 1) && (!tb || ldb == 1)) return start(), column_times_row();
    const auto factor = [](const T* at, bool lines_lie_across, i64 stride) {
      return lines_lie_across ? Factor<T>{at, 1, stride} : Factor<T>{at, stride, 1};
    };
    PackedProduct<T>{factor(a, ta, lda), factor(b, !tb, ldb), m, n, k, c, ldc, bias, accumulate}.run();
  }

 private:
  /// c = bias, to be added to.
  void start() {
    if (!bias) return;
    for (i64 i = 0; i < m; ++i) std::copy_n(bias, n, c + i * ldc);
    accumulate = true;
  }

  void nothing_to_sum() {
    for (i64 i = 0; i < m && !accumulate; ++i) std::fill_n(c + i * ldc, n, T{0});
    start();
  }

  /// c = w x, w (size, k), where `rows`, else w^T x, w (k, size).
  void vector_times(bool rows, i64 size, const T* w, i64 stride, const T* x) const {
    const ArrayKernels<T>& kernels = array_kernels<T>();
    each_part(size, k, [&](i64 first, i64 count) {
      if (rows) kernels.times_vector(w + first * stride, count, k, stride, x, c + first, accumulate);
      else kernels.transposed_times_vector(w + first, k, count, stride, x, c + first, accumulate);
    });
  }

  /// A gradient of weights from a single sample, which waits for memory alone.
  void column_times_row() const {
    const auto outer = accumulate ? array_kernels<T>().add_outer : array_kernels<T>().outer;
    each_part(m, n, [&](i64 first, i64 count) { outer(c + first * ldc, count, n, ldc, T{1}, a + first, b); });
  }
};

template <class T>
void product(bool ta, bool tb, i64 m, i64 n, i64 k, const void* a, i64 lda, const void* b, i64 ldb, void* c, i64 ldc,
             const void* bias, bool accumulate) {
  Product<T> p{ta,        tb,
               m,         n,
               k,         static_cast<const T*>(a),
               lda,       static_cast<const T*>(b),
               ldb,       static_cast<T*>(c),
               ldc,       static_cast<const T*>(bias),
               accumulate};
  p.run();
}

}  // namespace

void product(DType dtype, bool ta, bool tb, i64 m, i64 n, i64 k, const void* a, i64 lda, const void* b, i64 ldb,
             void* c, i64 ldc, bool accumulate, const void* bias) {
  if (m == 0 || n == 0) return;
  const auto typed = dtype == DType::float32 ? product<float> : product<double>;
  typed(ta, tb, m, n, k, a, lda, b, ldb, c, ldc, bias, accumulate);
}

}  // namespace xgrad::detail
