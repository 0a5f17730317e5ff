#pragma once
// The values that rules compute with inside kernels: Lane<T, A> is one SIMD batch of the instruction set A, and
// Lane<T, Scalar<A>> a single element. Both round alike in all that is defined here; numbers convert to T, so that
// a literal never turns float arithmetic into double. Functions such as exp are in math.hpp.
//
// xsimd 8.1 has faults on avx512 (-x is 0 - x, x != x is false for nan, fma is not fused): what it gives here is kept
// to loads, stores, arithmetic, ordered comparisons, selection and bits.
#include <type_traits>

#include <xgrad/engine/kernels/isa.hpp>

namespace xgrad::detail {

/// One element at a time, compiled for A.
template <class A> struct Scalar;

template <class T, class A> struct LaneTraits {
  using Value = xsimd::batch<T, typename Isa<A>::Xsimd>;
  using Mask = xsimd::batch_bool<T, typename Isa<A>::Xsimd>;
  static constexpr int width = static_cast<int>(Value::size);

  static Value load(const T* from) noexcept { return Value::load_unaligned(from); }
  static Value load(const T* from, std::int64_t count, Value rest) noexcept {
    return Isa<A>::load_partial(from, count, rest);
  }
  static void store(T* to, Value v) noexcept { v.store_unaligned(to); }
  static void store(T* to, Value v, std::int64_t count) noexcept { Isa<A>::store_partial(to, v, count); }
  static Mask load_mask(const std::uint8_t* from, std::int64_t count) noexcept {
    return Isa<A>::template load_mask<T>(from, count);
  }
  static void store_mask(std::uint8_t* to, Mask m, std::int64_t count) noexcept {
    Isa<A>::template store_mask<T>(to, m, count);
  }
  static Value select(Mask m, Value a, Value b) noexcept { return xsimd::select(m, a, b); }
  static Mask negate(Mask m) noexcept { return ~m; }
  static Value ordered(Value a) noexcept { return a; }
  static Value flip_sign(Value a) noexcept { return a ^ Value(static_cast<T>(-0.0)); }
  static Value magnitude(Value a) noexcept { return xsimd::abs(a); }
  static Value root(Value a) noexcept { return Isa<A>::sqrt(a); }
  static Value with_sign(Value a, Value b) noexcept { return a | (b & Value(static_cast<T>(-0.0))); }
};

template <class T> struct ScalarTraits {
  using Value = T;
  using Mask = bool;
  static constexpr int width = 1;

  template <class From> static Value load(const From* from, std::int64_t = 1, Value = 0) noexcept {
    return static_cast<Value>(*from);
  }
  template <class To> static void store(To* to, Value v, std::int64_t = 1) noexcept { *to = static_cast<To>(v); }
  static bool load_mask(const std::uint8_t* from, std::int64_t) noexcept { return *from != 0; }
  static void store_mask(std::uint8_t* to, bool m, std::int64_t) noexcept { *to = m; }
  static Value select(bool m, Value a, Value b) noexcept { return m ? a : b; }
  static bool negate(bool m) noexcept { return !m; }
};

template <class T, class A> struct LaneTraits<T, Scalar<A>> : ScalarTraits<T> {
  static T ordered(T a) noexcept { return a; }
  static T flip_sign(T a) noexcept { return -a; }
  static T magnitude(T a) noexcept { return static_cast<T>(__builtin_fabs(static_cast<double>(a))); }
  static T root(T a) noexcept { return static_cast<T>(__builtin_sqrt(static_cast<double>(a))); }
  static T with_sign(T a, T b) noexcept {
    return static_cast<T>(__builtin_copysign(static_cast<double>(a), static_cast<double>(b)));
  }
};

/// Held as unsigned, so that it wraps around, as numpy's int64 does.
template <class A> struct LaneTraits<std::int64_t, Scalar<A>> : ScalarTraits<std::uint64_t> {
  static std::int64_t ordered(std::uint64_t a) noexcept { return static_cast<std::int64_t>(a); }
  static std::uint64_t flip_sign(std::uint64_t a) noexcept { return 0 - a; }
  static std::uint64_t magnitude(std::uint64_t a) noexcept { return ordered(a) < 0 ? 0 - a : a; }
};

template <class A> struct LaneTraits<std::uint8_t, Scalar<A>> : ScalarTraits<std::uint8_t> {
  static std::uint8_t ordered(std::uint8_t a) noexcept { return a; }
};

template <class T, class A> struct LaneMask {
  using Traits = LaneTraits<T, A>;
  using Mask = typename Traits::Mask;
  static constexpr int width = Traits::width;
  Mask v;

  /// From and to bytes 0 and 1; of `count` lanes where that is not the width.
  static LaneMask load(const std::uint8_t* from, std::int64_t count = width) noexcept {
    return {Traits::load_mask(from, count)};
  }
  void store(std::uint8_t* to, std::int64_t count = width) const noexcept { Traits::store_mask(to, v, count); }
  static void repeat(std::uint8_t byte, std::uint8_t* to) noexcept { std::memset(to, byte, width); }

  friend LaneMask operator&(LaneMask a, LaneMask b) noexcept { return {static_cast<Mask>(a.v & b.v)}; }
  friend LaneMask operator|(LaneMask a, LaneMask b) noexcept { return {static_cast<Mask>(a.v | b.v)}; }
  friend LaneMask operator!(LaneMask a) noexcept { return {Traits::negate(a.v)}; }
  /// Whether a lane is set.
  friend bool any(LaneMask a) noexcept { return xsimd::any(a.v); }
};

template <class N, class Value>
concept NumberOtherThan = std::is_arithmetic_v<N> && !std::is_same_v<N, Value>;

template <class T, class A> struct Lane {
  using Traits = LaneTraits<T, A>;
  using Value = typename Traits::Value;
  using Mask = LaneMask<T, A>;
  static constexpr int width = Traits::width;
  Value v;

  Lane() = default;
  Lane(Value value) noexcept : v(value) {}
  template <NumberOtherThan<Value> Number>
  Lane(Number number) noexcept : v(static_cast<Value>(static_cast<T>(number))) {}

  static Lane load(const T* from) noexcept { return Traits::load(from); }
  void store(T* to) const noexcept { Traits::store(to, v); }
  /// The first `count` lanes only; 0 < count < width.
  static Lane load(const T* from, std::int64_t count, Lane rest = 0) noexcept {
    return Traits::load(from, count, rest.v);
  }
  void store(T* to, std::int64_t count) const noexcept { Traits::store(to, v, count); }

  /// All lanes alike, stored.
  static void repeat(T element, T* to) noexcept { Lane(element).store(to); }

  friend Lane operator+(Lane a, Lane b) noexcept { return a.v + b.v; }
  friend Lane operator-(Lane a, Lane b) noexcept { return a.v - b.v; }
  friend Lane operator*(Lane a, Lane b) noexcept { return a.v * b.v; }
  friend Lane operator/(Lane a, Lane b) noexcept { return a.v / b.v; }
  friend Lane operator-(Lane a) noexcept { return Traits::flip_sign(a.v); }

  friend Mask operator<(Lane a, Lane b) noexcept { return {Traits::ordered(a.v) < Traits::ordered(b.v)}; }
  friend Mask operator<=(Lane a, Lane b) noexcept { return {Traits::ordered(a.v) <= Traits::ordered(b.v)}; }
  friend Mask operator>(Lane a, Lane b) noexcept { return b < a; }
  friend Mask operator>=(Lane a, Lane b) noexcept { return b <= a; }
  friend Mask operator==(Lane a, Lane b) noexcept { return {a.v == b.v}; }
  friend Mask operator!=(Lane a, Lane b) noexcept { return !(a == b); }

  friend Lane abs(Lane a) noexcept { return Traits::magnitude(a.v); }
  friend Lane sqrt(Lane a) noexcept { return Traits::root(a.v); }
  friend Lane square(Lane a) noexcept { return a * a; }
  /// a, which is not negative, with the sign of b.
  friend Lane with_sign(Lane a, Lane b) noexcept { return Traits::with_sign(a.v, b.v); }
  /// nan where either is.
  friend Lane maximum(Lane a, Lane b) noexcept { return where((a > b) | (a != a), a, b); }
  friend Lane minimum(Lane a, Lane b) noexcept { return where((a < b) | (a != a), a, b); }
};

/// a where the mask is set, else b: chosen, not computed, so a nan in the other one does not matter.
template <class T, class A>
Lane<T, A> where(LaneMask<T, A> m, std::type_identity_t<Lane<T, A>> a, std::type_identity_t<Lane<T, A>> b) noexcept {
  return LaneTraits<T, A>::select(m.v, a.v, b.v);
}

}  // namespace xgrad::detail
