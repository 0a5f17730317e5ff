#include <xgrad/engine/internal/lapack.hpp>
#include <xgrad/engine/internal/serial_blas.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <xtensor-blas/xblas.hpp>
#include <xtensor-blas/xlapack.hpp>

namespace xgrad::detail {
namespace {

using Int = xt::blas_index_t;
Int index(i64 value) noexcept { return static_cast<Int>(value); }

/// Pooled memory for the length of a call.
template <class T> class Scratch {
 public:
  explicit Scratch(i64 size)
      : array_(new_array(DType::float64, {(size * static_cast<i64>(sizeof(T)) + 7) / 8 + 1})),
        first_(static_cast<T*>(Access::body(array_)->data)) {}
  T* get() noexcept { return first_; }

 private:
  Tensor array_;
  T* first_;
};

/// to (columns, rows) = from (rows, columns)^T, in squares that stay in a cache.
template <class T> void transpose(i64 rows, i64 columns, const T* from, T* to) {
  constexpr i64 side = 32;
  for (i64 i0 = 0; i0 < rows; i0 += side)
    for (i64 j0 = 0; j0 < columns; j0 += side)
      for (i64 i = i0; i < std::min(rows, i0 + side); ++i)
        for (i64 j = j0; j < std::min(columns, j0 + side); ++j) to[j * rows + i] = from[i * columns + j];
}

/// The size of work space that LAPACK has answered in a T, which float may have rounded down.
template <class T> Int work_size(T answer) {
  return std::max(Int{1}, index(static_cast<i64>(std::nextafter(answer, std::numeric_limits<T>::infinity())) + 1));
}

}  // namespace

// LAPACK's matrices are column-major: to it a row-major one is its transpose, its lower triangle the upper one.
template <class T> bool Lapack<T>::lu(i64 n, T* a, int* pivots) {
  const SerialBlas one_thread;
  return cxxlapack::getrf<Int>(index(n), index(n), a, index(n), pivots) == 0;
}

template <class T> void Lapack<T>::lu_solve(bool transposed, i64 n, i64 k, const T* factors, const int* pivots, T* b) {
  const auto run = [&](T* columns) {
    const SerialBlas one_thread;
    cxxlapack::getrs<Int>(transposed ? 'N' : 'T', index(n), index(k), factors, index(n), pivots, columns, index(n));
  };
  if (k == 1) return run(b);
  Scratch<T> columns(n * k);
  transpose(n, k, b, columns.get());
  run(columns.get());
  transpose(k, n, columns.get(), b);
}

template <class T> void Lapack<T>::lu_inverse(i64 n, const T* factors, const int* pivots, T* inverse) {
  std::fill_n(inverse, n * n, T{0});
  for (i64 i = 0; i < n; ++i) inverse[i * (n + 1)] = T{1};
  const SerialBlas one_thread;
  cxxlapack::getrs<Int>('N', index(n), index(n), factors, index(n), pivots, inverse, index(n));
}

template <class T> bool Lapack<T>::cholesky(i64 n, T* a) {
  const SerialBlas one_thread;
  return cxxlapack::potrf<Int>('U', index(n), a, index(n)) == 0;
}

template <class T> void Lapack<T>::qr(i64 m, i64 n, const T* a, T* q, T* r) {
  const i64 k = std::min(m, n);
  Scratch<T> columns(m * n), tau(k);
  transpose(m, n, a, columns.get());
  const SerialBlas one_thread;
  T answers[2];
  cxxlapack::geqrf<Int>(index(m), index(n), columns.get(), index(m), tau.get(), answers, Int{-1});
  cxxlapack::orgqr<Int>(index(m), index(k), index(k), columns.get(), index(m), tau.get(), answers + 1, Int{-1});
  const Int size = work_size(std::max(answers[0], answers[1]));
  Scratch<T> work(size);
  cxxlapack::geqrf<Int>(index(m), index(n), columns.get(), index(m), tau.get(), work.get(), size);
  for (i64 i = 0; i < k; ++i)
    for (i64 j = 0; j < n; ++j) r[i * n + j] = j < i ? T{0} : columns.get()[j * m + i];
  cxxlapack::orgqr<Int>(index(m), index(k), index(k), columns.get(), index(m), tau.get(), work.get(), size);
  transpose(k, m, columns.get(), q);
}

template <class T> bool Lapack<T>::eigh(i64 n, T* a, T* values) {
  const SerialBlas one_thread;
  T answer;
  Int integers;
  cxxlapack::syevd<Int>('V', 'U', index(n), a, index(n), values, &answer, Int{-1}, &integers, Int{-1});
  const Int size = work_size(answer);
  Scratch<T> work(size), rows(n * n);
  Scratch<Int> integer_work(integers);
  std::copy_n(a, n * n, rows.get());
  if (cxxlapack::syevd<Int>('V', 'U', index(n), rows.get(), index(n), values, work.get(), size, integer_work.get(),
                            integers) != 0)
    return false;
  transpose(n, n, rows.get(), a);
  return true;
}

template <class T> bool Lapack<T>::svd(i64 m, i64 n, T* a, T* u, T* s, T* vt) {
  const i64 k = std::min(m, n);
  const SerialBlas one_thread;
  Scratch<Int> integer_work(8 * k);
  const auto run = [&](T* work, Int size) {  // of a^T = v s u^T
    return cxxlapack::gesdd<Int>('S', index(n), index(m), a, index(n), s, vt, index(n), u, index(k), work, size,
                                 integer_work.get()) == 0;
  };
  T answer;
  run(&answer, Int{-1});
  Scratch<T> work(work_size(answer));
  return run(work.get(), work_size(answer));
}

template struct Lapack<float>;
template struct Lapack<double>;

}  // namespace xgrad::detail
