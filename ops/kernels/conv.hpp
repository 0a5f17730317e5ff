#pragma once
// Convolution without columns. Where planes lie in memory with room for the windows between their rows, what a place of
// the kernel meets is a shift of a plane: with the planes' elements in a row, element j of a result is the sum over
// channels and places k of w[k] x[offset[k] + j]. Results that begin where a row ends mean nothing, and are left out.
#include <xgrad/engine/kernels/arch.hpp>

namespace xgrad::detail {

/// How a plane is laid out for that along one axis: element u of phase r is the plane's element u stride + r + first,
/// zero where there is none before `end`. A stride's phases make every shift one of neighbours.
struct ConvSide {
  std::int64_t extent, end, stride, first, phases, span;
};

/// For T = float or double. Arrays have conv_slack elements more than is said.
template <class T> struct ConvKernels {
  /// to (h.phases, w.phases, h.span, w.span) = x (h.extent, w.extent) laid out.
  void (*lay_out)(const T* x, const ConvSide& h, const ConvSide& w, T* to);
  /// to[i to_step] = from[i] for i < n, in `rows` rows.
  void (*put)(const T* from, std::int64_t from_row, std::int64_t rows, std::int64_t n, T* to, std::int64_t to_row,
              std::int64_t to_step);
  /// to (rows, n), `to_row` elements from row to row, = start (rows), if there is one, + the sums. w (rows, places) is
  /// packed in blocks of conv_block() rows, transposed.
  void (*correlate)(const T* w, const std::int64_t* offset, std::int64_t places, const T* x, std::int64_t rows,
                    std::int64_t n, const T* start, T* to, std::int64_t to_row);
  /// to (rows, places) += the sum over j < n and images of g[row][j] x[offset[place] + j].
  void (*correlate_weights)(const T* g, std::int64_t g_row, std::int64_t rows, const T* x, const std::int64_t* offset,
                            std::int64_t places, std::int64_t n, std::int64_t images, std::int64_t g_image,
                            std::int64_t x_image, T* to);
};

/// n is rounded up to a multiple of 64 bytes, in what is read and written.
inline constexpr std::int64_t conv_slack = 16;
/// Of `rows` rows that are left, so many are a block.
[[gnu::always_inline]] constexpr std::int64_t conv_block(std::int64_t rows) noexcept {
  return rows >= 8 ? 8 : rows >= 4 ? 4 : rows >= 2 ? 2 : 1;
}

template <class A> struct ConvTable {
  static const ConvKernels<float> float32;
  static const ConvKernels<double> float64;
};
extern template struct ConvTable<arch::sse2>;
#ifdef __x86_64__
extern template struct ConvTable<arch::avx2>;
extern template struct ConvTable<arch::avx512>;
#endif

}  // namespace xgrad::detail
