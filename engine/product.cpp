// Products by the BLAS that xtensor-blas is built on, one thread to a call: a BLAS that spreads a product over its own
// threads returns other bits for another thread count, and its threads and ours would wait for each other.
#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/engine/internal/product.hpp>
#include <xgrad/engine/internal/serial_blas.hpp>
#include <xgrad/engine/kernels/arrays.hpp>

#include <algorithm>

#include <xtensor-blas/xblas.hpp>

namespace xgrad::detail {
namespace {

/// How a product is cut: into tiles that follow from its shape alone, because where a BLAS starts a tile shows in the
/// last bits. k is never cut: the order of a sum would change. On one thread, tiles of all rows and 128 columns
/// take 1.03 times as long as one call, of 256 by 128 1.07, of 128 by 128 1.18, of 64 by 64 1.3; narrow ones, cut to 64
/// rows, 1.06.
struct Tiling {
  i64 rows, columns;

  Tiling(i64 m, i64 n, i64 k) noexcept : rows(m), columns(n) {
    const auto is_large = [&] {
      return static_cast<double>(rows) * static_cast<double>(columns) * static_cast<double>(k) > parallel_product;
    };
    while (is_large() && columns >= 256) halve(columns);
    const i64 least = columns < n ? 512 : smallest + 1;
    while (is_large() && rows >= least) halve(rows);
  }

 private:
  static constexpr i64 smallest = 64, step = 16;
  static void halve(i64& extent) noexcept { extent = std::max(smallest, (extent / 2 + step - 1) / step * step); }
};

/// f(first, count) for parts of 0 .. n - 1, of `line` multiply-adds each.
template <class F> void each_part(i64 n, i64 line, F f) {
  constexpr i64 enough = i64{1} << 17, least = 64;  // products with a vector wait for memory: threads pay sooner
  const i64 step = n * line < 2 * enough ? n : std::max(least, enough / line / least * least);
  parallel_for((n + step - 1) / step, [&](i64 part) { f(part * step, std::min(step, n - part * step)); });
}

template <class T> struct Product {
  bool ta, tb;
  i64 m, n, k;
  const T* a;
  i64 lda;
  const T* b;
  i64 ldb;
  T* c;
  i64 ldc;
  bool accumulate;

  void run() const {
    if (m == 1 && (!ta || lda == 1)) return vector_times(tb, n, b, ldb, a);
    if (n == 1 && (tb || ldb == 1) && ldc == 1) return vector_times(!ta, m, a, lda, b);
    if (k == 1 && (ta || lda == 1) && (!tb || ldb == 1)) return column_times_row();
    const Tiling tile(m, n, k);
    const i64 across = (n + tile.columns - 1) / tile.columns, down = (m + tile.rows - 1) / tile.rows;
    parallel_for(across * down, [&](i64 t) {
      const i64 i = t / across * tile.rows, j = t % across * tile.columns;
      gemm(i, std::min(tile.rows, m - i), j, std::min(tile.columns, n - j));
    });
  }

 private:
  /// c = w x, w (size, k), where `rows`, else w^T x, w (k, size).
  void vector_times(bool rows, i64 size, const T* w, i64 stride, const T* x) const {
    const ArrayKernels<T>& kernels = array_kernels<T>();
    each_part(size, k, [&](i64 first, i64 count) {
      if (rows) kernels.times_vector(w + first * stride, count, k, stride, x, c + first, accumulate);
      else kernels.transposed_times_vector(w + first, k, count, stride, x, c + first, accumulate);
    });
  }

  /// A gradient of weights from a single sample; a BLAS packs both as if they were matrices, at ten times the cost.
  void column_times_row() const {
    const auto outer = accumulate ? array_kernels<T>().add_outer : array_kernels<T>().outer;
    each_part(m, n, [&](i64 first, i64 count) { outer(c + first * ldc, count, n, ldc, T{1}, a + first, b); });
  }

  void gemm(i64 i, i64 rows, i64 j, i64 columns) const {
    const SerialBlas one_thread;
    const auto index = [](i64 value) { return static_cast<xt::blas_index_t>(value); };
    cxxblas::gemm<xt::blas_index_t>(cxxblas::RowMajor, ta ? cxxblas::Trans : cxxblas::NoTrans,
                                    tb ? cxxblas::Trans : cxxblas::NoTrans, index(rows), index(columns), index(k), T{1},
                                    a + (ta ? i : i * lda), index(lda), b + (tb ? j * ldb : j), index(ldb),
                                    static_cast<T>(accumulate), c + i * ldc + j, index(ldc));
  }
};

template <class T>
void product(bool ta, bool tb, i64 m, i64 n, i64 k, const void* a, i64 lda, const void* b, i64 ldb, void* c, i64 ldc,
             bool accumulate) {
  T* const to = static_cast<T*>(c);
  if (k == 0) {
    for (i64 i = 0; i < m && !accumulate; ++i) std::fill_n(to + i * ldc, n, T{0});
    return;
  }
  Product<T>{ta, tb, m, n, k, static_cast<const T*>(a), lda, static_cast<const T*>(b), ldb, to, ldc, accumulate}.run();
}

}  // namespace

void product(DType dtype, bool ta, bool tb, i64 m, i64 n, i64 k, const void* a, i64 lda, const void* b, i64 ldb,
             void* c, i64 ldc, bool accumulate) {
  if (m == 0 || n == 0) return;
  const auto typed = dtype == DType::float32 ? product<float> : product<double>;
  typed(ta, tb, m, n, k, a, lda, b, ldb, c, ldc, accumulate);
}

}  // namespace xgrad::detail
