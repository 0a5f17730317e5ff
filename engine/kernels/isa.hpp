#pragma once
// What the kernels need from an instruction set beyond xsimd's batches: one struct per set. Loads and stores of
// part of a batch give and take exactly `count` elements (0 < count < width), the other lanes being `rest`, so that
// the end of an array goes through the same batch arithmetic as its middle.
#include <cstdint>
#include <cstring>

#include <xsimd/xsimd.hpp>

#include <xgrad/engine/kernels/arch.hpp>

namespace xgrad::detail {

template <class A> struct Isa;

/// By way of a buffer: for any instruction set. Out of line: in each place where they are used they take ten times the
/// code of a call, and were a quarter of all that sse2 has.
template <class A, class XsimdArch> struct BaselineIsa {
  using Xsimd = XsimdArch;
  static constexpr bool has_fma = false;
  template <class T> using Batch = xsimd::batch<T, Xsimd>;
  template <class T> using Mask = xsimd::batch_bool<T, Xsimd>;
  template <class T> static constexpr int width = static_cast<int>(Batch<T>::size);

  template <class T>
  [[gnu::noinline]] static Batch<T> load_partial(const T* from, std::int64_t count, Batch<T> rest) noexcept {
    T lanes[width<T>];
    rest.store_unaligned(lanes);
    for (int i = 0; i < width<T> - 1; ++i)
      if (i < count) lanes[i] = from[i];
    return Batch<T>::load_unaligned(lanes);
  }
  template <class T> [[gnu::noinline]] static void store_partial(T* to, Batch<T> value, std::int64_t count) noexcept {
    T lanes[width<T>];
    value.store_unaligned(lanes);
    for (int i = 0; i < width<T> - 1; ++i)
      if (i < count) to[i] = lanes[i];
  }
  template <class T> static Mask<T> load_mask(const std::uint8_t* from, std::int64_t count) noexcept {
    T lanes[width<T>] = {};
    for (int i = 0; i < width<T>; ++i)
      if (i < count) lanes[i] = static_cast<T>(from[i]);
    return Batch<T>::load_unaligned(lanes) != Batch<T>(T{0});
  }
  template <class T> static void store_mask(std::uint8_t* to, Mask<T> mask, std::int64_t count) noexcept {
    T lanes[width<T>];
    xsimd::select(mask, Batch<T>(T{1}), Batch<T>(T{0})).store_unaligned(lanes);
    for (int i = 0; i < width<T>; ++i)
      if (i < count) to[i] = lanes[i] != 0;
  }
  template <class T> static Batch<T> fma(Batch<T> a, Batch<T> b, Batch<T> c) noexcept { return a * b + c; }
  /// x kept within [low, high]; nan stays nan: of it and a number, x86's min and max give the second.
  template <class B> static B limit(B x, B low, B high) noexcept {
    x = xsimd::select(x < low, low, x);
    return xsimd::select(x > high, high, x);
  }
  template <class B> static B sqrt(B x) noexcept { return xsimd::sqrt(x); }
};

#ifdef __x86_64__
template <> struct Isa<arch::sse2> : BaselineIsa<arch::sse2, xsimd::sse2> {
  static Batch<float> limit(Batch<float> x, Batch<float> low, Batch<float> high) noexcept {
    return _mm_min_ps(high, _mm_max_ps(low, x));
  }
  static Batch<double> limit(Batch<double> x, Batch<double> low, Batch<double> high) noexcept {
    return _mm_min_pd(high, _mm_max_pd(low, x));
  }
};
#else
template <> struct Isa<arch::sse2> : BaselineIsa<arch::sse2, xsimd::default_arch> {};
#endif

#ifdef __AVX2__
template <> struct Isa<arch::avx2> : BaselineIsa<arch::avx2, xsimd::fma3<xsimd::avx2>> {
  static constexpr bool has_fma = true;

  static __m256i first_lanes(float, std::int64_t count) noexcept {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static __m256i first_lanes(double, std::int64_t count) noexcept {
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3));
  }
  static Batch<float> load_partial(const float* from, std::int64_t count, Batch<float> rest) noexcept {
    const __m256i lanes = first_lanes(0.0f, count);
    return _mm256_blendv_ps(rest, _mm256_maskload_ps(from, lanes), _mm256_castsi256_ps(lanes));
  }
  static Batch<double> load_partial(const double* from, std::int64_t count, Batch<double> rest) noexcept {
    const __m256i lanes = first_lanes(0.0, count);
    return _mm256_blendv_pd(rest, _mm256_maskload_pd(from, lanes), _mm256_castsi256_pd(lanes));
  }
  static void store_partial(float* to, Batch<float> value, std::int64_t count) noexcept {
    _mm256_maskstore_ps(to, first_lanes(0.0f, count), value);
  }
  static void store_partial(double* to, Batch<double> value, std::int64_t count) noexcept {
    _mm256_maskstore_pd(to, first_lanes(0.0, count), value);
  }

  template <class T> static Mask<T> load_mask(const std::uint8_t* from, std::int64_t count) noexcept {
    std::uint64_t bytes = 0;
    if (count >= width<T>) std::memcpy(&bytes, from, width<T>);
    else
      for (std::int64_t i = 0; i < count; ++i) bytes |= std::uint64_t{from[i]} << 8 * i;
    const __m128i packed = _mm_cvtsi64_si128(static_cast<long long>(bytes));
    if constexpr (sizeof(T) == 4)
      return _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_cvtepu8_epi32(packed), _mm256_setzero_si256()));
    else return _mm256_castsi256_pd(_mm256_cmpgt_epi64(_mm256_cvtepu8_epi64(packed), _mm256_setzero_si256()));
  }
  template <class T> static void store_mask(std::uint8_t* to, Mask<T> mask, std::int64_t count) noexcept {
    std::uint64_t bits;
    if constexpr (sizeof(T) == 4) bits = static_cast<unsigned>(_mm256_movemask_ps(mask));
    else bits = static_cast<unsigned>(_mm256_movemask_pd(mask));
    // One bit to each byte: copy the byte eight times, keep bit i of byte i, and carry it down to 1.
    const std::uint64_t spread = bits * 0x0101010101010101u & 0x8040201008040201u;
    const std::uint64_t bytes = (spread + 0x00406070787c7e7fu) >> 7 & 0x0101010101010101u;
    if (count >= width<T>) std::memcpy(to, &bytes, width<T>);
    else
      for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<std::uint8_t>(bytes >> 8 * i);
  }

  static Batch<float> limit(Batch<float> x, Batch<float> low, Batch<float> high) noexcept {
    return _mm256_min_ps(high, _mm256_max_ps(low, x));
  }
  static Batch<double> limit(Batch<double> x, Batch<double> low, Batch<double> high) noexcept {
    return _mm256_min_pd(high, _mm256_max_pd(low, x));
  }
  static Batch<float> fma(Batch<float> a, Batch<float> b, Batch<float> c) noexcept { return _mm256_fmadd_ps(a, b, c); }
  static Batch<double> fma(Batch<double> a, Batch<double> b, Batch<double> c) noexcept {
    return _mm256_fmadd_pd(a, b, c);
  }
};
#endif

#ifdef __AVX512F__
template <> struct Isa<arch::avx512> : BaselineIsa<arch::avx512, xsimd::avx512bw> {
  static constexpr bool has_fma = true;

  static __mmask16 first_lanes(std::int64_t count) noexcept { return static_cast<__mmask16>((1u << count) - 1); }
  static Batch<float> load_partial(const float* from, std::int64_t count, Batch<float> rest) noexcept {
    return _mm512_mask_loadu_ps(rest, first_lanes(count), from);
  }
  static Batch<double> load_partial(const double* from, std::int64_t count, Batch<double> rest) noexcept {
    return _mm512_mask_loadu_pd(rest, static_cast<__mmask8>(first_lanes(count)), from);
  }
  static void store_partial(float* to, Batch<float> value, std::int64_t count) noexcept {
    _mm512_mask_storeu_ps(to, first_lanes(count), value);
  }
  static void store_partial(double* to, Batch<double> value, std::int64_t count) noexcept {
    _mm512_mask_storeu_pd(to, static_cast<__mmask8>(first_lanes(count)), value);
  }

  template <class T> static Mask<T> load_mask(const std::uint8_t* from, std::int64_t count) noexcept {
    const __m128i bytes = _mm_maskz_loadu_epi8(first_lanes(count), from);
    return static_cast<typename Mask<T>::register_type>(_mm_test_epi8_mask(bytes, bytes));
  }
  template <class T> static void store_mask(std::uint8_t* to, Mask<T> mask, std::int64_t count) noexcept {
    const typename Mask<T>::register_type bits = mask;
    _mm_mask_storeu_epi8(to, first_lanes(count), _mm_maskz_set1_epi8(bits, 1));
  }

  static Batch<float> fma(Batch<float> a, Batch<float> b, Batch<float> c) noexcept { return _mm512_fmadd_ps(a, b, c); }
  static Batch<double> fma(Batch<double> a, Batch<double> b, Batch<double> c) noexcept {
    return _mm512_fmadd_pd(a, b, c);
  }
  // The plain intrinsics of these draw false warnings about uninitialised values from g++ 12.
  static Batch<float> sqrt(Batch<float> x) noexcept { return _mm512_maskz_sqrt_ps(0xffff, x); }
  static Batch<double> sqrt(Batch<double> x) noexcept { return _mm512_maskz_sqrt_pd(0xff, x); }
  static Batch<float> limit(Batch<float> x, Batch<float> low, Batch<float> high) noexcept {
    return _mm512_maskz_min_ps(0xffff, high, _mm512_maskz_max_ps(0xffff, low, x));
  }
  static Batch<double> limit(Batch<double> x, Batch<double> low, Batch<double> high) noexcept {
    return _mm512_maskz_min_pd(0xff, high, _mm512_maskz_max_pd(0xff, low, x));
  }
  /// x 2^n
  static Batch<float> scale(Batch<float> x, Batch<float> n) noexcept { return _mm512_maskz_scalef_ps(0xffff, x, n); }
  static Batch<double> scale(Batch<double> x, Batch<double> n) noexcept { return _mm512_maskz_scalef_pd(0xff, x, n); }
};
#endif

}  // namespace xgrad::detail
