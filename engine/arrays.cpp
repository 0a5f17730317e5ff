#include <xgrad/engine/internal/arrays.hpp>

#include <xgrad/engine/kernels/arrays.hpp>

namespace xgrad::detail {
namespace {

template <class F> void with_type(DType dtype, F f) { dtype == DType::float32 ? f(float{}) : f(double{}); }

}  // namespace

void add_into(DType dtype, void* to, const void* from, i64 n) {
  with_type(dtype, [&]<class T>(T) { array_kernels<T>().add(static_cast<T*>(to), static_cast<const T*>(from), n); });
}

void copy_elements(DType dtype, const Loop& loop, const void* from, void* to) {
  array_kernels().move[static_cast<int>(dtype) - 1].copy(loop, from, to);
}

void sum_middle(DType dtype, const void* from, i64 outer, i64 n, i64 inner, void* to) {
  if (inner == 0) return;
  with_type(dtype, [&]<class T>(T) {
    array_kernels<T>().sum(static_cast<const T*>(from), outer, n, inner, static_cast<T*>(to), false);
  });
}

}  // namespace xgrad::detail
