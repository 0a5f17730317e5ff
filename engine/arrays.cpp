#include <xgrad/engine/internal/arrays.hpp>

namespace xgrad::detail {
namespace {

template <class T> void add_plain(T* to, const T* from, i64 n) {
  for (i64 i = 0; i < n; ++i) to[i] += from[i];
}
template <class T> void sum_plain(const T* from, i64 outer, i64 n, i64 inner, T* to) {
  for (i64 o = 0; o < outer; ++o)
    for (i64 k = 0; k < inner; ++k) {
      T s = 0;
      for (i64 i = 0; i < n; ++i) s += from[(o * n + i) * inner + k];
      to[o * inner + k] = s;
    }
}

}  // namespace

void add_into(DType dtype, void* to, const void* from, i64 n) {
  if (dtype == DType::float32)
    add_plain(static_cast<float*>(to), static_cast<const float*>(from), n);
  else
    add_plain(static_cast<double*>(to), static_cast<const double*>(from), n);
}

void sum_middle(DType dtype, const void* from, i64 outer, i64 n, i64 inner, void* to) {
  if (dtype == DType::float32)
    sum_plain(static_cast<const float*>(from), outer, n, inner, static_cast<float*>(to));
  else
    sum_plain(static_cast<const double*>(from), outer, n, inner, static_cast<double*>(to));
}

}  // namespace xgrad::detail
