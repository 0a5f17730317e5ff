#pragma once
// Pooling: windows that slide over planes, and what goes back from them.
#include <xgrad/engine/kernels/arch.hpp>

namespace xgrad::detail {

/// Windows along one axis: number i covers i stride - padding + k dilation for k < kernel, of which 0 <= .. < extent
/// are there.
struct PoolAxis {
  std::int64_t extent, windows, kernel, stride, padding, dilation;
};
struct PoolPlanes {
  PoolAxis h, w;
  bool count_padding;  // in a mean
};

/// A window's places are numbered from 0, row by row.
inline constexpr std::int64_t max_pool_places = 255;

/// For T = float or double, on `planes` planes that follow each other; `scratch` has pool_scratch() elements.
template <class T> struct PoolKernels {
  /// y = the largest of each window, `place` = where that is: at the first of several, or the first nan; the number of
  /// places where all of a window is padding.
  void (*max)(const T* x, std::int64_t planes, const PoolPlanes&, T* y, std::uint8_t* place, T* scratch);
  /// y = x at those places, 0 where there is none; x = y added up there, among zeros.
  void (*pick)(const T* x, const std::uint8_t* place, std::int64_t planes, const PoolPlanes&, T* y);
  void (*unpick)(const T* y, const std::uint8_t* place, std::int64_t planes, const PoolPlanes&, T* x, T* scratch);
  /// y = the mean of each window; x = the sum of y / n over the windows that an element is in.
  void (*mean)(const T* x, std::int64_t planes, const PoolPlanes&, T* y, T* scratch);
  void (*spread)(const T* y, std::int64_t planes, const PoolPlanes&, T* x, T* scratch);
};

/// Window rows taken together, so that what is known of them stays in the nearest cache, and the elements of a line of
/// scratch for them: there is one for each place, and two more.
[[gnu::always_inline]] constexpr std::int64_t pool_rows(const PoolPlanes& p) noexcept {
  const std::int64_t rows = 4096 / ((p.h.kernel * p.w.kernel + 2) * (p.w.windows + 1));
  return rows < 1 ? 1 : rows < p.h.windows ? rows : p.h.windows;
}
[[gnu::always_inline]] constexpr std::int64_t pool_line(const PoolPlanes& p) noexcept {
  return (pool_rows(p) * p.w.windows + 31) / 16 * 16;
}
[[gnu::always_inline]] constexpr std::int64_t pool_scratch(const PoolPlanes& p) noexcept {
  return (p.h.kernel * p.w.kernel + 2) * pool_line(p);
}

template <class A> struct PoolTable {
  static const PoolKernels<float> float32;
  static const PoolKernels<double> float64;
};
extern template struct PoolTable<arch::sse2>;
#ifdef __x86_64__
extern template struct PoolTable<arch::avx2>;
extern template struct PoolTable<arch::avx512>;
#endif

}  // namespace xgrad::detail
