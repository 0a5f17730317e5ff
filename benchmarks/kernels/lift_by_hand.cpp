#include "lift_by_hand.hpp"

#include <xgrad/engine/kernels/math.hpp>

namespace by_hand {

namespace {

using namespace xgrad::detail;

template <class F, class T, class A> struct Hand {
  using L = Lane<T, A>;

  /// Calls f(i) for the whole batches of a row, then f(i, count) for what is left.
  template <class Body> [[gnu::always_inline]] static void each(std::int64_t n, Body f) {
    std::int64_t i = 0;
    for (; i + L::width <= n; i += L::width) f(i);
    if (i < n) f(i, n - i);
  }

  static void value(const Arrays& arrays) {
    const auto* x = static_cast<const T*>(arrays.in[0]);
    const auto* y = static_cast<const T*>(arrays.in[1]);
    const auto* z = static_cast<const T*>(arrays.in[2]);
    auto* out = static_cast<T*>(arrays.out);
    const std::int64_t n = arrays.columns;
    for (std::int64_t row = 0; row < arrays.rows; ++row, x += n, out += n) {
      each(n, [&](std::int64_t i, auto... count) {
        L result;
        if constexpr (F::inputs == 1) result = F::value(L::load(x + i, count...));
        else if constexpr (F::inputs == 2) result = F::value(L::load(x + i, count...), L::load(y + i, count...));
        else result = F::value(L::load(x + i, count...), L::load(y + i, count...), L(z[row]));
        result.store(out + i, count...);
      });
    }
  }

  static void gradient(const Arrays& arrays) {
    const auto* g = static_cast<const T*>(arrays.g);
    const auto* x = static_cast<const T*>(arrays.in[0]);
    const auto* y = static_cast<const T*>(arrays.in[1]);
    const auto* z = static_cast<const T*>(arrays.in[2]);
    auto* dx = static_cast<T*>(arrays.d[0]);
    auto* dy = static_cast<T*>(arrays.d[1]);
    auto* dz = static_cast<T*>(arrays.d[2]);
    const std::int64_t n = arrays.columns;
    if constexpr (F::inputs == 3) each(n, [&](std::int64_t i, auto... count) { L(0).store(dy + i, count...); });
    for (std::int64_t row = 0; row < arrays.rows; ++row, x += n, g += n, dx += n) {
      L sum = 0;
      each(n, [&](std::int64_t i, auto... count) {
        const L gi = L::load(g + i, count...), xi = L::load(x + i, count...);
        L di;
        if constexpr (F::inputs == 1) {
          F::gradient(gi, xi, di);
        } else {
          const L yi = L::load(y + i, count...);
          L dyi;
          if constexpr (F::inputs == 2) {
            F::gradient(gi, xi, yi, di, dyi);
          } else {
            L dzi;
            F::gradient(gi, xi, yi, L(z[row]), di, dyi, dzi);
            dyi = dyi + L::load(dy + i, count...);
            sum = sum + dzi;
          }
          dyi.store(dy + i, count...);
        }
        di.store(dx + i, count...);
      });
      if constexpr (F::inputs == 3) {
        T lanes[L::width];
        sum.store(lanes);
        dz[row] = 0;
        for (T lane : lanes) dz[row] += lane;
      }
    }
  }

  static constexpr Loop loop_for_gradient() {
    if constexpr (requires { &F::has_gradient; }) return gradient;
    else return nullptr;
  }
};

template <class A, class... F> constexpr Table table_of(List<F...>) {
  return {{Loops{{Hand<F, float, A>::value, Hand<F, double, A>::value},
                 {Hand<F, float, A>::loop_for_gradient(), Hand<F, double, A>::loop_for_gradient()}}...}};
}

}  // namespace

template <class A> constinit const Table TableOf<A>::table = table_of<A>(Functions());
template struct TableOf<arch::XGRAD_ARCH>;

}  // namespace by_hand
