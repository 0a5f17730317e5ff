#pragma once
// What the operations on batches of matrices by LAPACK share.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <vector>

#include <xgrad/engine/internal/lapack.hpp>
#include <xgrad/engine/internal/op.hpp>
#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/engine/internal/product.hpp>
#include <xgrad/ops/internal/batch.hpp>

namespace xgrad::detail {

/// A checked argument of (..., rows, columns).
struct Matrices {
  DType dtype;
  Shape batch;
  i64 count, rows, columns;

  /// (..., the extents).
  Shape shape(std::initializer_list<i64> extents) const {
    Shape s = batch;
    for (const i64 extent : extents) s.push_back(extent);
    return s;
  }
};

/// The first argument of a call: floating, two axes or more (ShapeError).
Matrices matrices_of(const Call& call);
/// The same, and square.
Matrices square_of(const Call& call);
/// `the matrix at (1, 0) of float32 (2, 3, 4, 4)`, or `the matrix, float32 (4, 4),`.
std::string which(const Tensor& x, i64 index);

/// f(T{}) for float or double.
template <class F> decltype(auto) typed(DType dtype, F f) { return dtype == DType::float32 ? f(float{}) : f(double{}); }

/// Calls f(i) for all matrices of a batch, in parallel, each some `cost` multiply-adds. The first that it is false of,
/// else -1.
template <class F> i64 first_refused(i64 count, i64 cost, F f) {
  std::atomic<i64> first{count};
  const i64 together = std::max<i64>(1, parallel_product / std::max<i64>(1, cost));
  parallel_for((count + together - 1) / together, [&](i64 tile) {
    for (i64 i = tile * together; i < std::min(count, (tile + 1) * together); ++i)
      if (!f(i))
        for (i64 seen = first.load(); i < seen && !first.compare_exchange_weak(seen, i);) {
        }
  });
  return first.load() == count ? -1 : first.load();
}

/// Pivoted factors of each matrix, and which of them, if any, is the first that is singular.
struct Factors {
  Tensor lu;
  Tensor pivot_memory;  // of int, n for each matrix
  i64 singular;

  Factors(const Tensor& a, const Matrices& m);
  int* pivots() const noexcept { return static_cast<int*>(Access::body(pivot_memory)->data); }
};

/// ValueError where a matrix has an element that is nan or infinite: LAPACK may not return from those.
void check_finite(const Call& call, const Matrices& m);

/// One of the parts of a decomposition, recorded: the inputs of `op` are the argument, and all parts as constants.
template <int count> Tensor record_part(const Call& call, const Op& op, const Tensor (&inputs)[count], int part) {
  Call one(op, inputs, count, call.site());
  return one.record(inputs[part]);
}

/// x of a x = b, or of a^T x = b; both have two axes or more, and their batches broadcast.
Tensor solve(const Operand& a, bool transposed, const Operand& b);

/// The last two axes in each other's place.
Tensor transposed(const Tensor& x);
/// (x + x^T) / 2.
Tensor symmetric(const Tensor& x);

}  // namespace xgrad::detail
