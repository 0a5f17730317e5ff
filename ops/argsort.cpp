#include <xgrad/ops/argsort.hpp>

#include <algorithm>
#include <numeric>

#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/ops/internal/along.hpp>
#include <xgrad/ops/internal/axes.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "argsort"};

/// nan above all numbers.
template <class T> bool less(T a, T b) noexcept { return a < b || (b != b && a == a); }

template <class T> void sort_lines(const T* from, const Middle& m, bool descending, i64* to) {
  const Tensor memory = new_array(DType::int64, Shape({m.n}));
  auto* const order = static_cast<i64*>(Access::body(memory)->data);
  for (i64 o = 0; o < m.outer; ++o)
    for (i64 j = 0; j < m.inner; ++j) {
      const i64 first = o * m.n * m.inner + j;
      const auto at = [&](i64 i) { return from[first + i * m.inner]; };
      std::iota(order, order + m.n, 0);
      // Equal ones by their places: std::stable_sort would do that with memory from the heap.
      std::sort(order, order + m.n, [&](i64 a, i64 b) {
        const T x = at(a), y = at(b);
        if (less(x, y)) return !descending;
        return less(y, x) ? descending : a < b;
      });
      for (i64 i = 0; i < m.n; ++i) to[first + i * m.inner] = order[i];
    }
}

}  // namespace

Tensor argsort(const Operand& x, int axis, bool descending) {
  const Call call(op, x);
  const Tensor& in = call.in(0);
  axis = normal_axis(call, axis, in.rank());
  const Middle m = middle(in.shape(), axis);
  Output out(DType::int64, in.shape());
  if (in.size() == 0) return out.finish();
  launch({writes(out), reads(in)}, [dtype = in.dtype(), m, descending](Pointers p) {
    auto* to = static_cast<i64*>(p[0]);
    switch (dtype) {
      case DType::float32: sort_lines(static_cast<const float*>(p[1]), m, descending, to); break;
      case DType::float64: sort_lines(static_cast<const double*>(p[1]), m, descending, to); break;
      case DType::int64: sort_lines(static_cast<const i64*>(p[1]), m, descending, to); break;
      case DType::boolean: sort_lines(static_cast<const u8*>(p[1]), m, descending, to); break;
    }
  });
  return out.finish();
}

}  // namespace xgrad
