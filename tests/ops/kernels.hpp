#pragma once
// What tests of kernels share: they call the tables of every instruction set the processor has.
#include <xgrad/engine/internal/op.hpp>
#include <xgrad/engine/kernels/arch.hpp>
#include <xgrad/ops/elementwise.hpp>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace xgrad::tests {

/// 1, 2 or 3: sse2, avx2, avx512. Under $XGRAD_ARCH only the sets up to that one.
inline int arch_count() { return detail::arch_index() + 1; }

template <class Rule> const detail::ElementwiseKernels& kernels_of(int arch) {
  return *detail::op_of<Rule>().elementwise->kernels[arch];
}

template <class T> inline constexpr int type_index = sizeof(T) == 4 ? 0 : 1;

/// A loop over n consecutive elements of every operand.
inline detail::Loop flat_loop(std::int64_t n) {
  detail::Loop loop{};
  loop.axes = 1;
  loop.extent[0] = n;
  for (auto& stride : loop.stride) stride[0] = 1;
  return loop;
}

/// One nan is like another.
template <class T> bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::memcmp(&a[i], &b[i], sizeof(T)) != 0 && (a[i] == a[i] || b[i] == b[i])) return false;
  return true;
}

/// Where arithmetic goes wrong first, and some ordinary numbers.
template <class T> std::vector<T> edge_values() {
  using Limits = std::numeric_limits<T>;
  const T inf = Limits::infinity(), nan = Limits::quiet_NaN(), tiny = Limits::denorm_min(), small = Limits::min();
  std::vector<T> values{0,      tiny, 3 * tiny, small / 2, small, T(1e-10), T(0.3),  T(0.5),        1,
                        T(1.5), 2,    3,        10,        90,    1000,     T(1e30), Limits::max(), inf};
  for (std::size_t i = 0, n = values.size(); i < n; ++i) values.push_back(-values[i]);
  values.push_back(nan);
  return values;
}

/// How far `got` is from `wanted`, in units of T's last place there.
template <class T, class Wide> double ulps(T got, Wide wanted) {
  using Limits = std::numeric_limits<T>;
  const T rounded = static_cast<T>(wanted);
  if (std::isnan(rounded) || std::isnan(got)) return std::isnan(rounded) && std::isnan(got) ? 0 : 1e9;
  if (got == rounded) return 0;
  if (std::isinf(got) || std::isinf(rounded)) {  // one of them: fine only next to the largest number
    const T other = std::isinf(got) ? rounded : got;
    return std::abs(other) == Limits::max() ? 1 : 1e9;
  }
  int exponent;
  std::frexp(rounded, &exponent);
  const Wide unit = std::ldexp(Wide{1}, std::max(exponent, Limits::min_exponent) - Limits::digits);
  return static_cast<double>(std::abs(static_cast<Wide>(got) - wanted) / unit);
}

}  // namespace xgrad::tests
