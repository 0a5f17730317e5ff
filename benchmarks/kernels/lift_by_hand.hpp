#pragma once
// The functions that the benchmark of lift() lifts, and the loops it compares them with: written by hand on SIMD lanes
// and with the library's own exp and its like, compiled at -O3 for each instruction set as the library's kernels are.
#include <xgrad/engine/kernels/arch.hpp>

namespace by_hand {

// Derivatives are left in dx, dy and dz, times g.
struct Polynomial {
  static constexpr const char* text = "x * x * x - 2 * x * y + y * y + 3";
  static constexpr int inputs = 2;
  static auto value(auto x, auto y) { return x * x * x - 2 * x * y + y * y + 3; }
  static constexpr bool has_gradient = true;
  static void gradient(auto g, auto x, auto y, auto& dx, auto& dy) {
    dx = g * (3 * x * x - 2 * y);
    dy = g * (2 * (y - x));
  }
};
struct Horner {
  static constexpr const char* text = "((2 * x - 1) * x + 3) * x + 0.5";
  static constexpr int inputs = 1;
  static auto value(auto x) { return ((2 * x - 1) * x + 3) * x + 0.5; }
  static constexpr bool has_gradient = true;
  static void gradient(auto g, auto x, auto& dx) { dx = g * ((6 * x - 2) * x + 3); }
};
struct Logistic {
  static constexpr const char* text = "1 / (1 + exp(-x))";
  static constexpr int inputs = 1;
  static auto value(auto x) { return 1 / (1 + exp(-x)); }
  static constexpr bool has_gradient = true;
  static void gradient(auto g, auto x, auto& dx) {
    const auto y = value(x);
    dx = g * (y * (1 - y));
  }
};
struct Bell {
  static constexpr const char* text = "x * exp(-y * y) / (1 + x * x)";
  static constexpr int inputs = 2;
  static auto value(auto x, auto y) { return x * exp(-y * y) / (1 + x * x); }
  static constexpr bool has_gradient = true;
  static void gradient(auto g, auto x, auto y, auto& dx, auto& dy) {
    const auto e = g * exp(-y * y), q = 1 / (1 + x * x);
    dx = e * (1 - x * x) * q * q;
    dy = -2 * e * x * y * q;
  }
};
struct Branch {
  static constexpr const char* text = "x > y ? x * y : x - y";
  static constexpr int inputs = 2;
  static auto value(auto x, auto y) { return where(x > y, x * y, x - y); }
  static constexpr bool has_gradient = true;
  static void gradient(auto g, auto x, auto y, auto& dx, auto& dy) {
    const auto above = x > y;
    dx = where(above, g * y, g);
    dy = where(above, g * x, -g);
  }
};
/// y is a row and z a column.
struct Rows {
  static constexpr const char* text = "maximum(x * y + z, 0), y (columns,), z (rows, 1)";
  static constexpr int inputs = 3;
  static auto value(auto x, auto y, auto z) { return maximum(x * y + z, 0); }
  static constexpr bool has_gradient = true;
  static void gradient(auto g, auto x, auto y, auto z, auto& dx, auto& dy, auto& dz) {
    dz = where(x * y + z > 0, g, 0);
    dx = dz * y;
    dy = dz * x;
  }
};

#define XGRAD_ONE(name, ...)                          \
  struct name {                                       \
    static constexpr const char* text = #__VA_ARGS__; \
    static constexpr int inputs = 1;                  \
    static auto value(auto x) { return __VA_ARGS__; } \
  }
// clang-format off
/// Functions of one number of which only the value is timed: those of tests/ops/lift_test.cpp.
XGRAD_ONE(Itself, x);
XGRAD_ONE(Line, 3 * x + 1);
XGRAD_ONE(Square, x * x);
XGRAD_ONE(Cube, x * x * x);
XGRAD_ONE(Inverse, 1 / x);
XGRAD_ONE(Exp, exp(x));
XGRAD_ONE(Gauss, exp(-x * x));
XGRAD_ONE(Log, log(x));
XGRAD_ONE(Entropy, x * log(x));
XGRAD_ONE(Sqrt, sqrt(x));
XGRAD_ONE(Root, sqrt(1 + x * x));
XGRAD_ONE(Sin, sin(x));
XGRAD_ONE(Cos2, cos(2 * x));
XGRAD_ONE(SinCos, sin(x) * cos(x));
XGRAD_ONE(Tan, tan(x));
XGRAD_ONE(Tanh, tanh(x));
XGRAD_ONE(Sinh, sinh(x));
XGRAD_ONE(Sigmoid, sigmoid(x));
XGRAD_ONE(Silu, x * sigmoid(x));
XGRAD_ONE(Log1p, log1p(x * x));
XGRAD_ONE(Pow3, pow(x, 3));
XGRAD_ONE(Pow25, pow(x, 2.5));
XGRAD_ONE(Pow2, pow(decltype(x)(2), x));
XGRAD_ONE(PowX, pow(x, x));
XGRAD_ONE(Erf, erf(x));
XGRAD_ONE(Atan, atan(x));
XGRAD_ONE(Asin, asin(x));
XGRAD_ONE(AbsX, abs(x) * x);
XGRAD_ONE(Ramp, maximum(x, 0) * x);
XGRAD_ONE(WhereSin, where(x > 0, sin(x), x * x));
XGRAD_ONE(WhereSqrt, where(x > 0, sqrt(x), -x * x));
XGRAD_ONE(Rational, square(x) / (2 + square(x)));
// clang-format on
#undef XGRAD_ONE

template <class... F> struct List {};
using Functions = List<Polynomial, Horner, Logistic, Bell, Branch, Rows, Itself, Line, Square, Cube, Inverse, Exp,
                       Gauss, Log, Entropy, Sqrt, Root, Sin, Cos2, SinCos, Tan, Tanh, Sinh, Sigmoid, Silu, Log1p, Pow3,
                       Pow25, Pow2, PowX, Erf, Atan, Asin, AbsX, Ramp, WhereSin, WhereSqrt, Rational>;
template <class... F> constexpr int count_of(List<F...>) { return sizeof...(F); }
inline constexpr int function_count = count_of(Functions());

/// One row but where there are three inputs.
struct Arrays {
  std::int64_t rows, columns;
  const void* in[3];
  const void* g;
  void *out, *d[3];
};
using Loop = void (*)(const Arrays&);

/// Of a function, for float32 and float64; without a derivative by hand, null.
struct Loops {
  Loop value[2], gradient[2];
};
struct Table {
  Loops of[function_count];
};
template <class A> struct TableOf { static const Table table; };
extern template struct TableOf<xgrad::detail::arch::sse2>;
#ifdef __x86_64__
extern template struct TableOf<xgrad::detail::arch::avx2>;
extern template struct TableOf<xgrad::detail::arch::avx512>;
#endif

/// By arch_index().
inline constexpr const Table* tables[] = {
    &TableOf<xgrad::detail::arch::sse2>::table,
#ifdef __x86_64__
    &TableOf<xgrad::detail::arch::avx2>::table,
    &TableOf<xgrad::detail::arch::avx512>::table,
#endif
};

}  // namespace by_hand
