// Products of matrices by kernels of our own, see kernels/product.hpp: the order of every sum follows from its length
// alone, so that neither where a tile starts nor which thread computes it shows in the bits.
#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/engine/internal/product.hpp>
#include <xgrad/engine/internal/team.hpp>
#include <xgrad/engine/kernels/arrays.hpp>
#include <xgrad/engine/kernels/product.hpp>
#include <xgrad/engine/parallel.hpp>

#include <algorithm>
#include <utility>

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

/// c = a b by the packed kernels: parts of the sum one after the other, whose bits follow from k alone, and c in tiles.
template <class T> struct PackedProduct {
  // What a kernel reads again and again stays in the caches: a panel of b and a's part of a tile.
  static constexpr i64 most_steps = 256, most_rows = 48, most_packed = 4096;
  // Parts of the sum that are packed together, and what a thread packs at a time, in elements.
  static constexpr i64 packed_together = i64{1} << 17, packed_at_once = i64{1} << 13, most_tiles = 64;
  static constexpr i64 fits = i64{1} << 18;  // elements, beside what is packed

  Factor<T> a, b;  // lines are rows of a and columns of b
  i64 m, n, k;
  T* c;
  i64 ldc;
  const T* bias;
  bool accumulate;
  const ProductKernels<T>& kernels = product_kernels<T>();

  /// A vector of few columns costs as much as a full one: those are computed as rows.
  void run() {
    // A tall factor that no cache holds is used up part by part: else both products below fetch it from afar. Several
    // threads have several caches, and wait less.
    if (n > 2 * kernels.columns || m * k <= fits || threads() > 1) return whole();
    if (a.step == 1 && a.line != 1 && n % kernels.vector) {
      const i64 rows = std::max<i64>(128, fits / k / 64 * 64);
      for (i64 i = 0; i < m; i += rows)
        PackedProduct{part(a, i, 0), b, std::min(rows, m - i), n, k, c + i * ldc, ldc, bias, accumulate}.whole();
    } else if (a.line == 1 && a.step != 1) {
      const i64 steps = parts(k, parts(k, most_steps));  // of a product with this part alone too: the same bits
      for (i64 l = 0; l < k; l += steps) {
        const i64 depth = std::min(steps, k - l);
        const Factor<T> x = part(a, 0, l);
        for (i64 s = 0; s < depth; ++s)  // in the order it lies in, which the kernel does not read it in
          for (i64 i = 0; i < m; i += 64 / i64{sizeof(T)}) __builtin_prefetch(x.at + s * x.step + i, 0, 2);
        PackedProduct{x, part(b, 0, l), m, n, depth, c, ldc, l == 0 ? bias : nullptr, accumulate || l > 0}.whole();
      }
    } else {
      whole();
    }
  }

  void whole() {
    const i64 few = n % kernels.vector, most = kernels.vector * (a.line == 1 ? 10 : 6) / 16;
    const bool pays = few == n || n - few >= kernels.columns;  // else another vector for the panel there is costs less
    if (few == 0 || few > most || !pays || m < 2 * kernels.vector || k < 32) return columns();
    n -= few;
    const Tensor room = scratch<T>(few * m);
    T* const turned = elements_of<T>(room);
    const bool adds = bias || accumulate;
    for (i64 i = 0; adds && i < m; ++i)
      for (i64 j = 0; j < few; ++j) turned[j * m + i] = bias ? bias[n + j] : c[i * ldc + n + j];
    PackedProduct{part(b, n, 0), a, few, m, k, turned, m, nullptr, adds}.columns();
    array_kernels().move[sizeof(T) / 8].transpose(turned, few, m, m, c + n, ldc);
    if (n > 0) columns();
  }

  void columns() const {
    const i64 steps = parts(k, parts(k, most_steps)), wide = round_up(most_packed, kernels.columns);
    // A panel of a is read once for each of b, and the other way around: packing has to pay. It does not where a kernel
    // walks along rows of a.
    const bool a_packed = n > 2 * kernels.columns && a.step != 1;
    const i64 as_it_is = b.line == 1 && m <= 2 * kernels.rows ? n / kernels.vector * kernels.vector : 0;
    const i64 room_a = a_packed ? round_up(std::min(m, most_packed), kernels.rows) : 0;
    const i64 room_b = round_up(std::min(n - as_it_is, wide), kernels.vector);
    const i64 together = std::min(k, std::max<i64>(1, packed_together / ((room_a + room_b + 1) * steps)) * steps);
    // On several threads the larger factor is packed by tiles, and a thread uses what it packed. Of the smaller one all
    // need everything: to fetch it from another core takes longer than to pack it.
    const i64 members = m * n * k > parallel_product ? std::min<i64>(threads(), Team::Shared::most) : 1;
    const bool own = members > 1 && members <= 8 && std::max(m, n) >= 64 * members, own_b = own && n <= m,
               own_a = own && n > m;
    const i64 all_a = (own_a ? members : 1) * room_a, all_b = (own_b ? members : 1) * room_b;
    const Tensor room = scratch<T>((all_a + all_b) * together);
    const auto work = [&](Team& team) {
      T* const packed_b = elements_of<T>(room) + (own_b ? team.member() * room_b * together : 0);
      T* const packed_a = elements_of<T>(room) + (all_b + (own_a ? team.member() * room_a : 0)) * together;
      Team alone;
      for (i64 j = 0; j < n;) {
        const bool b_packed = j >= as_it_is;
        const i64 width = b_packed ? std::min(wide, n - j) : as_it_is;
        for (i64 l = 0; l < k; l += together) {
          const i64 depth = std::min(together, k - l);
          const Packed y{part(b, j, l), width, b_packed ? round_up(width, kernels.vector) : 0, packed_b};
          const auto pack_y = [&](Team& by) {
            pack(by, kernels.pack_b, y, depth, steps, kernels.columns, kernels.vector);
          };
          bool needs_b = b_packed && own_b;
          if (b_packed && !own_b) pack_y(team);
          for (i64 i = 0; i < m; i += most_packed) {
            const i64 height = std::min(most_packed, m - i);
            const Packed x{part(a, i, l), height, a_packed ? round_up(height, kernels.rows) : 0, packed_a};
            const auto pack_x = [&](Team& by) { pack(by, kernels.pack_a, x, depth, steps, kernels.rows, 0); };
            bool needs_a = a_packed && own_a;
            if (a_packed && !own_a) pack_x(team);
            const auto prepare = [&] {
              if (std::exchange(needs_b, false)) pack_y(alone);
              if (std::exchange(needs_a, false)) pack_x(alone);
            };
            multiply(team, x, y, depth, steps, c + i * ldc + j, bias && l == 0 ? bias + j : nullptr,
                     accumulate || l > 0, prepare);
          }
        }
        j += width;
      }
    };
    with_team(members, work);
  }

  /// All of b, to be used again and again.
  void pack_to(T* packed) const {
    with_team(n * k > packed_together ? threads() : 1, [&](Team& team) {
      pack(team, kernels.pack_b, all_of_b(packed), k, parts(k, parts(k, most_steps)), kernels.columns, kernels.vector);
    });
  }
  void multiply_by(T* packed) const {
    with_team(m * n * k > parallel_product ? threads() : 1, [&](Team& team) {
      multiply(team, Packed{a, m, 0, nullptr}, all_of_b(packed), k, parts(k, parts(k, most_steps)), c, bias, accumulate,
               [] {});
    });
  }

 private:
  /// Lines of a factor, and where they are packed if `room` is not 0: as many elements to a step.
  struct Packed {
    Factor<T> from;
    i64 lines, room;
    T* to;
  };

  Packed all_of_b(T* packed) const noexcept { return {b, n, round_up(n, kernels.vector), packed}; }

  static Factor<T> part(const Factor<T>& f, i64 line, i64 step) noexcept {
    return {f.at + line * f.line + step * f.step, f.line, f.step};
  }

  /// How many parts of `step` lines. Up to `spare` lines more are left to the last one: the kernels cut the end of b
  /// into panels as wide as they can.
  static i64 parts_of(i64 lines, i64 step, i64 spare) noexcept { return std::max<i64>(1, parts(lines - spare, step)); }

  void pack(Team& team, void (*kernel)(Factor<T>, i64, i64, T*), const Packed& x, i64 depth, i64 steps, i64 unit,
            i64 spare) const {
    const i64 step = std::max<i64>(1, packed_at_once / (unit * steps)) * unit;
    const i64 count = parts_of(x.lines, step, spare);
    const i64 deep = parts(depth, steps);
    team.tiles(count * deep, [&](i64 tile) {
      const i64 l = tile % deep * steps, first = tile / deep * step, now = std::min(steps, depth - l);
      kernel(part(x.from, first, l), tile / deep < count - 1 ? step : x.lines - first, now,
             x.to + l * x.room + first * now);
    });
  }

  /// So many that four threads get about as many each, if there is such a number.
  i64 rows_of_tile(i64 lines) const noexcept {
    for (i64 rows = most_rows; rows > most_rows / 3; rows -= kernels.rows)
      if (round_up(parts(lines, rows), 4) * rows <= lines + lines / 16) return rows;
    return std::min(lines, most_rows);
  }

  /// prepare() is called before each tile.
  template <class Prepare>
  void multiply(Team& team, const Packed& x, const Packed& y, i64 depth, i64 steps, T* to, const T* add, bool adds,
                Prepare prepare) const {
    const i64 enough = std::max(parallel_product / 4, x.lines * y.lines * depth / most_tiles);
    i64 rows = rows_of_tile(x.lines), columns = y.lines;
    const auto is_large = [&] { return rows * columns * depth > enough; };
    const auto halve = [](i64& extent, i64 step) { extent = round_up((extent + 1) / 2, step); };
    while (is_large() && columns > kernels.columns) halve(columns, kernels.columns);
    while (is_large() && rows > 4 * kernels.rows) halve(rows, kernels.rows);
    const i64 across = parts_of(y.lines, columns, kernels.vector);
    const i64 down = parts(x.lines, rows);
    // A thread's tiles are neighbours along the larger factor, of which it then needs a part only.
    const bool by_columns = y.lines > x.lines;
    team.tiles(across * down, [&](i64 tile) {
      prepare();
      const i64 row = by_columns ? tile % down : tile / across, column = by_columns ? tile / down : tile % across;
      const i64 i = row * rows, j = column * columns;
      for (i64 l = 0; l < depth; l += steps) {
        const i64 now = std::min(steps, depth - l);
        kernels.multiply({.m = std::min(rows, x.lines - i),
                          .n = column < across - 1 ? columns : y.lines - j,
                          .k = now,
                          .a = x.room ? Factor<T>{x.to + l * x.room + i * now, 1, kernels.rows} : part(x.from, i, l),
                          .a_packed = x.room > 0,
                          .b = y.room ? y.to + l * y.room + j * now : part(y.from, j, l).at,
                          .b_step = y.room ? 0 : y.from.step,
                          .c = to + i * ldc + j,
                          .ldc = ldc,
                          .bias = add && l == 0 ? add + j : nullptr,
                          .accumulate = adds || l > 0});
      }
    });
  }
};

template <class T> Factor<T> factor(const void* at, bool lines_lie_across, i64 stride) noexcept {
  const T* const first = static_cast<const T*>(at);
  return lines_lie_across ? Factor<T>{first, 1, stride} : Factor<T>{first, stride, 1};
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
  const T* bias;
  bool accumulate;

  void run() {
    if (k == 0) return nothing_to_sum();
    if (m == 1 && (!ta || lda == 1)) return start(), vector_times(tb, n, b, ldb, a);
    if (n == 1 && (tb || ldb == 1) && ldc == 1) return start(), vector_times(!ta, m, a, lda, b);
    if (k == 1 && (ta || lda == 1) && (!tb || ldb == 1)) return start(), column_times_row();
    PackedProduct<T>{factor<T>(a, ta, lda), factor<T>(b, !tb, ldb), m, n, k, c, ldc, bias, accumulate}.run();
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

PackedFactor::PackedFactor(DType dtype, bool tb, i64 n, i64 k, const void* b, i64 ldb) : dtype_(dtype), n_(n), k_(k) {
  const auto pack = [&]<class T>(T) {
    PackedProduct<T> p{{}, factor<T>(b, !tb, ldb), 0, n, k, nullptr, 0, nullptr, false};
    packed_ = scratch<T>(round_up(n, p.kernels.vector) * k);
    if (n > 0 && k > 0) p.pack_to(elements_of<T>(packed_));
  };
  dtype == DType::float32 ? pack(float{}) : pack(double{});
}

void PackedFactor::multiply(i64 m, const void* a, i64 lda, void* c, i64 ldc, bool accumulate) const {
  if (m == 0 || n_ == 0) return;
  const auto run = [&]<class T>(T) {
    T* const to = static_cast<T*>(c);
    for (i64 i = 0; k_ == 0 && !accumulate && i < m; ++i) std::fill_n(to + i * ldc, n_, T{0});
    if (k_ > 0)
      PackedProduct<T>{factor<T>(a, false, lda), {}, m, n_, k_, to, ldc, nullptr, accumulate}.multiply_by(
          elements_of<T>(packed_));
  };
  dtype_ == DType::float32 ? run(float{}) : run(double{});
}

}  // namespace xgrad::detail
