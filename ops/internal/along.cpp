#include <xgrad/ops/internal/along.hpp>

#include <xgrad/engine/internal/reduce_in_parts.hpp>
#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/engine/kernels/arrays.hpp>

#include <algorithm>

namespace xgrad::detail {
namespace {

/// int64 has no kernels: result(first element, stride) for each line.
template <class F> void each_line(const void* from, const Middle& m, void* to, F result) {
  const i64* x = static_cast<const i64*>(from);
  i64* y = static_cast<i64*>(to);
  if (m.inner == 0) return;  // however many times that is to be done
  for (i64 o = 0; o < m.outer; ++o)
    for (i64 i = 0; i < m.inner; ++i) *y++ = result(x + o * m.n * m.inner + i, m.inner);
}

/// The place of the first element that no other is better than.
template <class Better> i64 best(const i64* x, i64 n, i64 stride, Better better) {
  i64 at = 0;
  for (i64 i = 1; i < n; ++i)
    if (better(x[i * stride], x[at * stride])) at = i;
  return at;
}

template <class Better> void best_along(const void* from, const Middle& m, void* to, Better better) {
  each_line(from, m, to, [&](const i64* x, i64 stride) { return x[best(x, m.n, stride, better) * stride]; });
}

constexpr auto larger = [](i64 a, i64 b) { return a > b; };
constexpr auto smaller = [](i64 a, i64 b) { return a < b; };

/// f(a null pointer to the element type) for float32 or float64.
template <class F> void by_type(DType dtype, F f) {
  if (dtype == DType::float32) f(static_cast<float*>(nullptr));
  else f(static_cast<double*>(nullptr));
}

/// kernel(the table for T) is the one to reduce with.
template <class Choose> void reduce_floating(DType dtype, const void* from, const Middle& m, void* to, Choose choose) {
  by_type(dtype, [&]<class T>(T*) {
    reduce_in_parts(choose(array_kernels<T>()), static_cast<const T*>(from), m.outer, m.n, m.inner,
                    static_cast<T*>(to));
  });
}

/// A tensor like a, by kernel(choose(table), offset, count of lines, ...) on parts of it.
template <class Choose> Tensor map_along(const Tensor& a, const Tensor* b, int axis, Choose choose) {
  const Middle m = middle(a.shape(), axis);
  Output out(a.dtype(), a.shape());
  if (a.size() == 0) return out.finish();
  const auto run = [choose, dtype = a.dtype(), m](Pointers p) {
    by_type(dtype, [&]<class T>(T*) {
      const auto kernel = choose(array_kernels<T>());
      const T *first = static_cast<const T*>(p[1]), *second = static_cast<const T*>(p[2]);
      T* const to = static_cast<T*>(p[0]);
      each_part(m.outer, std::max<i64>(1, m.n) * m.inner, [&](i64 line, i64 count) {
        const i64 offset = line * m.n * m.inner;
        if constexpr (std::is_invocable_v<decltype(kernel), const T*, i64, i64, i64, T*>)
          kernel(first + offset, count, m.n, m.inner, to + offset);
        else kernel(first + offset, second + offset, count, m.n, m.inner, to + offset, false);
      });
    });
  };
  launch({writes(out), reads(a), reads(b ? *b : a)}, run);
  return out.finish();
}

}  // namespace

void sum_along(DType dtype, const void* from, const Middle& m, void* to) {
  if (dtype == DType::int64)
    return each_line(from, m, to, [&](const i64* x, i64 stride) {
      u64 sum = 0;  // wraps around, as numpy's does
      for (i64 i = 0; i < m.n; ++i) sum += static_cast<u64>(x[i * stride]);
      return static_cast<i64>(sum);
    });
  reduce_floating(dtype, from, m, to, [](const auto& kernels) {
    return [sum = kernels.sum](auto* x, i64 outer, i64 n, i64 inner, auto* y) { sum(x, outer, n, inner, y, false); };
  });
}

void max_along(DType dtype, const void* from, const Middle& m, void* to) {
  if (dtype == DType::int64) return best_along(from, m, to, larger);
  reduce_floating(dtype, from, m, to, [](const auto& kernels) { return kernels.max; });
}

void min_along(DType dtype, const void* from, const Middle& m, void* to) {
  if (dtype == DType::int64) return best_along(from, m, to, smaller);
  reduce_floating(dtype, from, m, to, [](const auto& kernels) { return kernels.min; });
}

void logsumexp_along(DType dtype, const void* from, const Middle& m, void* to) {
  reduce_floating(dtype, from, m, to, [](const auto& kernels) { return kernels.logsumexp; });
}

void argmax_along(DType dtype, const void* from, const Middle& m, void* to) {
  if (dtype == DType::int64)
    return each_line(from, m, to, [&](const i64* x, i64 stride) { return best(x, m.n, stride, larger); });
  by_type(dtype, [&]<class T>(T*) {
    each_part(m.outer, std::max<i64>(1, m.n) * m.inner, [&](i64 first, i64 count) {
      array_kernels<T>().argmax(static_cast<const T*>(from) + first * m.n * m.inner, count, m.n, m.inner,
                                static_cast<i64*>(to) + first * m.inner);
    });
  });
}

Tensor softmax_along(const Tensor& x, int axis) {
  return map_along(x, nullptr, axis, [](const auto& kernels) { return kernels.softmax; });
}
Tensor log_softmax_along(const Tensor& x, int axis) {
  return map_along(x, nullptr, axis, [](const auto& kernels) { return kernels.log_softmax; });
}
Tensor softmax_grad_along(const Tensor& g, const Tensor& y, int axis) {
  return map_along(g, &y, axis, [](const auto& kernels) { return kernels.softmax_grad; });
}
Tensor log_softmax_grad_along(const Tensor& g, const Tensor& y, int axis) {
  return map_along(g, &y, axis, [](const auto& kernels) { return kernels.log_softmax_grad; });
}

}  // namespace xgrad::detail
