#include <xgrad/ops/internal/along.hpp>

#include <xgrad/engine/internal/arrays.hpp>

#include <algorithm>
#include <cmath>

namespace xgrad::detail {
namespace {

/// Calls f with a null pointer to the element type.
template <class F> auto by_type(DType dtype, F&& f) {
  switch (dtype) {
    case DType::float32: return f(static_cast<float*>(nullptr));
    case DType::float64: return f(static_cast<double*>(nullptr));
    case DType::int64: return f(static_cast<i64*>(nullptr));
    default: return f(static_cast<bool*>(nullptr));
  }
}

/// f(first element, stride) for each line along the middle axis.
template <class T, class R, class F> void each_line(const void* from, i64 outer, i64 n, i64 inner, void* to, F&& f) {
  const T* x = static_cast<const T*>(from);
  R* y = static_cast<R*>(to);
  for (i64 o = 0; o < outer; ++o)
    for (i64 i = 0; i < inner; ++i) *y++ = f(x + o * n * inner + i, inner);
}

/// The place of the best element by `better`, or of the first nan.
template <class T, class Better> i64 best(const T* x, i64 n, i64 stride, Better better) {
  i64 at = 0;
  for (i64 i = 0; i < n; ++i) {
    if (x[i * stride] != x[i * stride]) return i;
    if (better(x[i * stride], x[at * stride])) at = i;
  }
  return at;
}

template <class Better> void best_along(DType dtype, const void* from, i64 outer, i64 n, i64 inner, void* to, Better better) {
  by_type(dtype, [&]<class T>(T*) {
    each_line<T, T>(from, outer, n, inner, to, [&](const T* x, i64 stride) { return x[best(x, n, stride, better) * stride]; });
  });
}

}  // namespace

void sum_along(DType dtype, const void* from, i64 outer, i64 n, i64 inner, void* to) {
  if (is_floating(dtype)) return sum_middle(dtype, from, outer, n, inner, to);
  each_line<i64, i64>(from, outer, n, inner, to, [&](const i64* x, i64 stride) {
    u64 sum = 0;  // wraps around, as an int64 in numpy does
    for (i64 i = 0; i < n; ++i) sum += static_cast<u64>(x[i * stride]);
    return static_cast<i64>(sum);
  });
}

void max_along(DType dtype, const void* from, i64 outer, i64 n, i64 inner, void* to) {
  best_along(dtype, from, outer, n, inner, to, [](auto a, auto b) { return a > b; });
}

void min_along(DType dtype, const void* from, i64 outer, i64 n, i64 inner, void* to) {
  best_along(dtype, from, outer, n, inner, to, [](auto a, auto b) { return a < b; });
}

void argmax_along(DType dtype, const void* from, i64 outer, i64 n, i64 inner, void* to) {
  by_type(dtype, [&]<class T>(T*) {
    each_line<T, i64>(from, outer, n, inner, to, [&](const T* x, i64 stride) {
      return best(x, n, stride, [](T a, T b) { return a > b; });
    });
  });
}

i64 convert(DType from_dtype, const void* from, DType to_dtype, void* to, i64 n) {
  i64 refused = -1;
  by_type(from_dtype, [&]<class From>(From*) {
    by_type(to_dtype, [&]<class To>(To*) {
      const From* x = static_cast<const From*>(from);
      To* y = static_cast<To*>(to);
      if constexpr (std::is_same_v<To, i64> && std::is_floating_point_v<From>) {
        constexpr From limit = static_cast<From>(9223372036854775808.0);
        const From* bad = std::find_if(x, x + n, [](From v) { return !(v >= -limit && v < limit); });
        if (bad != x + n) return static_cast<void>(refused = bad - x);
      }
      for (i64 i = 0; i < n; ++i) {
        if constexpr (std::is_same_v<To, bool>)
          y[i] = x[i] != From{};
        else
          y[i] = static_cast<To>(x[i]);
      }
    });
  });
  return refused;
}

}  // namespace xgrad::detail
