#include <xgrad/ops/kernels/pool.hpp>
#include <xgrad/ops/kernels/rows.hpp>

#include <type_traits>

namespace xgrad::detail {
namespace {

using Size = std::int64_t;

/// first <= i < last are the windows whose element k is not padding, and there it is element start + i stride.
struct Inside {
  Size first, last, start;
  Inside(const PoolAxis& a, Size k) noexcept : start(k * a.dilation - a.padding) {
    first = start >= 0 ? 0 : (a.stride - 1 - start) / a.stride;
    last = start >= a.extent ? 0 : (a.extent - 1 - start) / a.stride + 1;
    if (last > a.windows) last = a.windows;
    if (first > last) first = last;
  }
};

/// The first k of window i that is not padding, or the number of them.
Size first_inside(const PoolAxis& a, Size i) noexcept {
  const Size at = i * a.stride - a.padding;
  const Size k = at >= 0 ? 0 : (a.dilation - 1 - at) / a.dilation;
  return k < a.kernel && at + k * a.dilation < a.extent ? k : a.kernel;
}

/// f(stride): one that is known makes a loop of wide moves.
template <class F> [[gnu::always_inline]] inline void with_stride(Size stride, F f) {
  if (stride == 1) f(std::integral_constant<Size, 1>());
  else if (stride == 2) f(std::integral_constant<Size, 2>());
  else f(stride);
}

/// The row of x that place k of window row i is, or -1.
Size row_of(const PoolAxis& h, Size i, Size k) noexcept {
  const Size r = i * h.stride - h.padding + k * h.dilation;
  return r >= 0 && r < h.extent ? r : -1;
}

/// A line of `to` for each place of the windows: what is there in each window of the rows from `row` on.
template <class T, class A>
void load_lines(const T* x, const PoolPlanes& p, Size row, Size rows, T padding, T* to) noexcept {
  for (Size k = 0; k < p.h.kernel; ++k)
    for (Size l = 0; l < p.w.kernel; ++l, to += pool_line(p)) {
      const Inside in(p.w, l);
      for (Size i = 0; i < rows; ++i) {
        const Size r = row_of(p.h, row + i, k);
        copy_row<T, A>(x + r * p.w.extent + in.start, p.w.stride, in.first, r < 0 ? in.first : in.last, p.w.windows,
                       padding, to + i * p.w.windows);
      }
    }
}

/// f(first, count) for the window rows of all planes, as many at a time as there are lines for.
template <class A, class F> [[gnu::always_inline]] inline void each_rows(Size planes, const PoolPlanes& p, F f) {
  const Size most = pool_rows(p);
  for (Size plane = 0; plane < planes; ++plane)
    for (Size row = 0; row < p.h.windows; row += most)
      f(plane, row, p.h.windows - row < most ? p.h.windows - row : most);
}

/// The larger of best and v, and which it is.
template <class L> [[gnu::always_inline]] inline void keep_larger(L v, Size place, L& best, L& at) noexcept {
  const auto larger = (!(v <= best)) & (best == best);
  best = where(larger, v, best);
  at = where(larger, L(place), at);
}

/// The most common windows, 2 by 2, without gaps or padding.
template <class T, class A> void max_of_four(const T* x, Size columns, Size rows, Size n, T* y, T* which) noexcept {
  using L = Lane<T, A>;
  for (Size i = 0; i < rows; ++i, x += 2 * columns, y += n, which += n)
    for (Size j = 0; j < n; j += L::width) {
      L best = -Float<T>::infinity, at = 0;
      const Size there = 2 * (n - j);
      for (Size k = 0; k < 2; ++k) {
        const T* const from = x + k * columns + 2 * j;
        const L a = load_some<T, A>(from, there), b = load_some<T, A>(from + L::width, there - L::width);
        keep_larger(every_second<T, A, 0>(a, b), 2 * k, best, at);
        keep_larger(every_second<T, A, 1>(a, b), 2 * k + 1, best, at);
      }
      at.store(which + j);
      store_some<T, A>(best, y + j, n - j);
    }
}

bool by_two(const PoolAxis& a) noexcept { return a.kernel == 2 && a.stride == 2 && a.padding == 0 && a.dilation == 1; }

/// Any windows.
template <class T, class A>
void max_of_lines(const T* x, const PoolPlanes& p, Size row, Size rows, const T* left, T* scratch, T* y,
                  T* which) noexcept {
  using L = Lane<T, A>;
  const Size places = p.h.kernel * p.w.kernel, n = p.w.windows, line = pool_line(p);
  load_lines<T, A>(x, p, row, rows, -Float<T>::infinity, scratch);
  for (Size i = 0; i < rows; ++i) {
    const L top = first_inside(p.h, row + i) * p.w.kernel;
    for (Size j = 0; j < n; j += L::width) minimum(top + L::load(left + j), L(places)).store(which + i * n + j);
  }
  for (Size j = 0; j < rows * n; j += L::width) {
    L best = -Float<T>::infinity, at = L::load(which + j);
    for (Size k = 0; k < places; ++k) keep_larger(L::load(scratch + k * line + j), k, best, at);
    at.store(which + j);
    store_some<T, A>(best, y + j, rows * n - j);
  }
}

template <class T, class A>
void max(const T* x, Size planes, const PoolPlanes& p, T* y, std::uint8_t* place, T* scratch) {
  const Size line = pool_line(p), places = p.h.kernel * p.w.kernel;
  T *const which = scratch + places * line, *const left = which + line;
  for (Size j = 0; j < p.w.windows; ++j) {
    const Size l = first_inside(p.w, j);
    left[j] = static_cast<T>(l < p.w.kernel ? l : places);
  }
  each_rows<A>(planes, p, [&](Size plane, Size row, Size rows) {
    const T* const from = x + plane * p.h.extent * p.w.extent;
    if (by_two(p.h) && by_two(p.w))
      max_of_four<T, A>(from + 2 * row * p.w.extent, p.w.extent, rows, p.w.windows, y, which);
    else max_of_lines<T, A>(from, p, row, rows, left, scratch, y, which);
    const Size n = rows * p.w.windows;
    for (Size j = 0; j < n; ++j) place[j] = static_cast<std::uint8_t>(static_cast<int>(which[j]));
    y += n, place += n;
  });
}

/// f(element of x, element of y, whether there is one) for each window of the planes.
template <class A, class F>
[[gnu::always_inline]] inline void each_place(const std::uint8_t* place, Size planes, const PoolPlanes& p, F f) {
  const Size places = p.h.kernel * p.w.kernel;
  Size offset[max_pool_places + 1] = {};
  for (Size k = 0; k < places; ++k)
    offset[k] = k / p.w.kernel * p.h.dilation * p.w.extent + k % p.w.kernel * p.w.dilation;
  Size to = 0;
  for (Size plane = 0; plane < planes; ++plane)
    for (Size i = 0; i < p.h.windows; ++i) {
      Size from = (plane * p.h.extent + i * p.h.stride - p.h.padding) * p.w.extent - p.w.padding;
      for (Size j = 0; j < p.w.windows; ++j, ++to, from += p.w.stride)
        f(from + offset[place[to]], to, place[to] != places);
    }
}

template <class T, class A> void pick(const T* x, const std::uint8_t* place, Size planes, const PoolPlanes& p, T* y) {
  each_place<A>(place, planes, p, [=](Size from, Size to, bool there) { y[to] = there ? x[from] : T{0}; });
}

/// Windows 2 by 2 that cover all of x.
template <class T, class A> void unpick_four(const T* y, const T* which, Size rows, Size n, T* x) noexcept {
  using L = Lane<T, A>;
  for (Size i = 0; i < rows; ++i, y += n, which += n, x += 4 * n)
    for (Size j = 0; j < n; j += L::width) {
      const L g = load_some<T, A>(y + j, n - j), at = L::load(which + j);
      for (Size k = 0; k < 2; ++k) {
        const L even = where(at == L(2 * k), g, 0), odd = where(at == L(2 * k + 1), g, 0);
        T* const to = x + k * 2 * n + 2 * j;
        store_some<T, A>(zip<T, A, 0>(even, odd), to, 2 * (n - j));
        store_some<T, A>(zip<T, A, 1>(even, odd), to + L::width, 2 * (n - j) - L::width);
      }
    }
}

template <class T, class A>
void unpick(const T* y, const std::uint8_t* place, Size planes, const PoolPlanes& p, T* x, T* scratch) {
  if (by_two(p.h) && by_two(p.w) && p.h.extent == 2 * p.h.windows && p.w.extent == 2 * p.w.windows)
    return each_rows<A>(planes, p, [&](Size, Size, Size rows) {
      const Size n = rows * p.w.windows;
      for (Size j = 0; j < n; ++j) scratch[j] = place[j];
      unpick_four<T, A>(y, scratch, rows, p.w.windows, x);
      y += n, place += n, x += 4 * n;
    });
  for (Size k = 0; k < planes * p.h.extent * p.w.extent; ++k) x[k] = 0;
  each_place<A>(place, planes, p, [=](Size from, Size to, bool there) {
    if (there) x[from] += y[to];
  });
}

/// How many elements a mean is taken of, by column: `of` has room for a row.
template <class T, class A> void counts(const PoolPlanes& p, T* of) noexcept {
  for (Size j = 0; j < p.w.windows; ++j) of[j] = static_cast<T>(p.count_padding ? p.w.kernel : 0);
  if (p.count_padding) return;
  for (Size l = 0; l < p.w.kernel; ++l) {
    const Inside in(p.w, l);
    for (Size j = in.first; j < in.last; ++j) of[j] += 1;
  }
}

template <class T, class A> T rows_counted(const PoolPlanes& p, Size i) noexcept {
  if (p.count_padding) return static_cast<T>(p.h.kernel);
  T rows = 0;
  for (Size k = 0; k < p.h.kernel; ++k) rows += row_of(p.h, i, k) >= 0;
  return rows;
}

template <class T, class A> void mean(const T* x, Size planes, const PoolPlanes& p, T* y, T* scratch) {
  using L = Lane<T, A>;
  const Size line = pool_line(p), places = p.h.kernel * p.w.kernel;
  T *const count = scratch + places * line, *const columns = count + line;
  counts<T, A>(p, columns);
  each_rows<A>(planes, p, [&](Size plane, Size row, Size rows) {
    load_lines<T, A>(x + plane * p.h.extent * p.w.extent, p, row, rows, 0, scratch);
    for (Size i = 0; i < rows; ++i) {
      const T counted = rows_counted<T, A>(p, row + i);
      for (Size j = 0; j < p.w.windows; ++j) count[i * p.w.windows + j] = counted * columns[j];
    }
    const Size n = rows * p.w.windows;
    for (Size j = 0; j < n; j += L::width) {
      L sum = 0;
      for (Size k = 0; k < places; ++k) sum = sum + L::load(scratch + k * line + j);
      store_some<T, A>(sum / L::load(count + j), y + j, n - j);
    }
    y += n;
  });
}

template <class T, class A> void spread(const T* y, Size planes, const PoolPlanes& p, T* x, T* scratch) {
  const Size n = p.w.windows;
  T *const columns = scratch, *const part = columns + n;
  counts<T, A>(p, columns);
  for (Size k = 0; k < planes * p.h.extent * p.w.extent; ++k) x[k] = 0;
  for (Size plane = 0; plane < planes; ++plane, x += p.h.extent * p.w.extent)
    for (Size i = 0; i < p.h.windows; ++i, y += n) {
      const T rows = rows_counted<T, A>(p, i);
      for (Size j = 0; j < n; ++j) part[j] = y[j] / (rows * columns[j]);
      for (Size k = 0; k < p.h.kernel; ++k) {
        const Size r = row_of(p.h, i, k);
        for (Size l = 0; l < p.w.kernel && r >= 0; ++l) {
          const Inside in(p.w, l);
          T* const to = x + r * p.w.extent + in.start;
          with_stride(p.w.stride, [&](auto stride) {
            for (Size j = in.first; j < in.last; ++j) to[j * stride] += part[j];
          });
        }
      }
    }
}

template <class T, class A> constexpr PoolKernels<T> make_kernels() {
  return {.max = max<T, A>, .pick = pick<T, A>, .unpick = unpick<T, A>, .mean = mean<T, A>, .spread = spread<T, A>};
}

}  // namespace

template <class A> const PoolKernels<float> PoolTable<A>::float32 = make_kernels<float, A>();
template <class A> const PoolKernels<double> PoolTable<A>::float64 = make_kernels<double, A>();
template struct PoolTable<arch::XGRAD_ARCH>;

}  // namespace xgrad::detail
