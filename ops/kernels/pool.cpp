#include <xgrad/engine/kernels/constants.hpp>
#include <xgrad/engine/kernels/lane.hpp>
#include <xgrad/ops/kernels/pool.hpp>

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

/// The elements of a row of windows, a line of scratch for each place; padding is left as it is.
template <class T, class A> struct Lines {
  const PoolPlanes& p;
  T* to;
  Size line = pool_line(p);

  Lines(const PoolPlanes& planes, T* scratch, T padding) noexcept : p(planes), to(scratch) {
    for (Size i = 0; i < p.h.kernel * p.w.kernel * line; ++i) to[i] = padding;
  }
  /// The row of x that place row k of window row i is, or -1.
  Size row(Size i, Size k) const noexcept {
    const Size r = i * p.h.stride - p.h.padding + k * p.h.dilation;
    return r >= 0 && r < p.h.extent ? r : -1;
  }
  void load(const T* x, Size i) const noexcept {
    for (Size k = 0; k < p.h.kernel; ++k) {
      const Size r = row(i, k);
      if (r < 0) continue;
      for (Size l = 0; l < p.w.kernel; ++l) {
        const Inside in(p.w, l);
        const T* const from = x + r * p.w.extent + in.start;
        T* const out = to + (k * p.w.kernel + l) * line;
        with_stride(p.w.stride, [&](auto stride) {
          for (Size j = in.first; j < in.last; ++j) out[j] = from[j * stride];
        });
      }
    }
  }
};

template <class T, class A>
void max(const T* x, Size planes, const PoolPlanes& p, T* y, std::uint8_t* place, T* scratch) {
  using L = Lane<T, A>;
  const Lines<T, A> lines(p, scratch, -Float<T>::infinity);
  const Size n = p.w.windows;
  const Size places = p.h.kernel * p.w.kernel;
  T *const left = scratch + places * lines.line, *const which = left + lines.line;
  for (Size j = 0; j < n; ++j) {
    const Size l = first_inside(p.w, j);
    left[j] = static_cast<T>(l < p.w.kernel ? l : places);
  }
  for (Size plane = 0; plane < planes; ++plane, x += p.h.extent * p.w.extent) {
    for (Size i = 0; i < p.h.windows; ++i, y += n, place += n) {
      const Size top = first_inside(p.h, i);
      lines.load(x, i);
      for (Size j = 0; j < n; j += L::width) {
        L best = -Float<T>::infinity, at = minimum(L(top * p.w.kernel) + L::load(left + j), L(places));
        for (Size k = top; k < p.h.kernel && lines.row(i, k) >= 0; ++k)
          for (Size l = 0; l < p.w.kernel; ++l) {
            const L v = L::load(lines.to + (k * p.w.kernel + l) * lines.line + j);
            const auto better = (!(v <= best)) & (best == best);
            best = where(better, v, best);
            at = where(better, L(k * p.w.kernel + l), at);
          }
        at.store(which + j);
        if (j + L::width <= n) best.store(y + j);
        else best.store(y + j, n - j);
      }
      for (Size j = 0; j < n; ++j) place[j] = static_cast<std::uint8_t>(static_cast<int>(which[j]));
    }
  }
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

template <class T, class A> void unpick(const T* y, const std::uint8_t* place, Size planes, const PoolPlanes& p, T* x) {
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

template <class T, class A> T rows_counted(const Lines<T, A>& lines, Size i) noexcept {
  if (lines.p.count_padding) return static_cast<T>(lines.p.h.kernel);
  T rows = 0;
  for (Size k = 0; k < lines.p.h.kernel; ++k) rows += lines.row(i, k) >= 0;
  return rows;
}

template <class T, class A> void mean(const T* x, Size planes, const PoolPlanes& p, T* y, T* scratch) {
  using L = Lane<T, A>;
  const Lines<T, A> lines(p, scratch, 0);
  const Size n = p.w.windows;
  T* const count = scratch + p.h.kernel * p.w.kernel * lines.line;
  counts<T, A>(p, count);
  for (Size plane = 0; plane < planes; ++plane, x += p.h.extent * p.w.extent)
    for (Size i = 0; i < p.h.windows; ++i, y += n) {
      lines.load(x, i);
      const L rows = rows_counted(lines, i);
      for (Size j = 0; j < n; j += L::width) {
        L sum = 0;
        for (Size k = 0; k < p.h.kernel; ++k)
          for (Size l = 0; l < p.w.kernel && lines.row(i, k) >= 0; ++l)
            sum = sum + L::load(lines.to + (k * p.w.kernel + l) * lines.line + j);
        const L y_j = sum / (rows * L::load(count + j));
        if (j + L::width <= n) y_j.store(y + j);
        else y_j.store(y + j, n - j);
      }
    }
}

template <class T, class A> void spread(const T* y, Size planes, const PoolPlanes& p, T* x, T* scratch) {
  const Lines<T, A> lines(p, scratch, 0);
  const Size n = p.w.windows;
  T *const count = scratch + p.h.kernel * p.w.kernel * lines.line, *const part = count + lines.line;
  counts<T, A>(p, count);
  for (Size plane = 0; plane < planes; ++plane, x += p.h.extent * p.w.extent) {
    for (Size k = 0; k < p.h.extent * p.w.extent; ++k) x[k] = 0;
    for (Size i = 0; i < p.h.windows; ++i, y += n) {
      const T rows = rows_counted(lines, i);
      for (Size j = 0; j < n; ++j) part[j] = y[j] / (rows * count[j]);
      for (Size k = 0; k < p.h.kernel; ++k) {
        const Size r = lines.row(i, k);
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
}

template <class T, class A> constexpr PoolKernels<T> make_kernels() {
  return {.max = max<T, A>, .pick = pick<T, A>, .unpick = unpick<T, A>, .mean = mean<T, A>, .spread = spread<T, A>};
}

}  // namespace

template <class A> const PoolKernels<float> PoolTable<A>::float32 = make_kernels<float, A>();
template <class A> const PoolKernels<double> PoolTable<A>::float64 = make_kernels<double, A>();
template struct PoolTable<arch::XGRAD_ARCH>;

}  // namespace xgrad::detail
