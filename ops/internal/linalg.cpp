#include <xgrad/ops/internal/linalg.hpp>

#include <xgrad/ops/add.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/swapaxes.hpp>

namespace xgrad::detail {

Matrices matrices_of(const Call& call) {
  const Tensor& x = call.in(0);
  const DType dtype = call.floating();
  if (x.rank() < 2) call.fail<ShapeError>("expected two axes or more, the argument is {}", describe(x));
  const Shape batch = batch_of(x);
  const i64 rows = x.shape()[x.rank() - 2], columns = x.shape()[x.rank() - 1];
  if (std::max(rows, columns) > max_lapack_extent)
    call.fail<ShapeError>("an extent of {} is more than {}", describe(x), max_lapack_extent);
  return {dtype, batch, batch.size(), rows, columns};
}

Matrices square_of(const Call& call) {
  const Matrices m = matrices_of(call);
  if (m.rows != m.columns) call.fail<ShapeError>("expected square matrices, the argument is {}", describe(call.in(0)));
  return m;
}

std::string which(const Tensor& x, i64 index) {
  if (x.rank() <= 2) return fmt::format("the matrix, {},", describe(x));
  return fmt::format("the matrix at {} of {}", position(batch_of(x), index), describe(x));
}

Factors::Factors(const Tensor& a, const Matrices& m)
    : lu(new_array(m.dtype, a.shape())),
      pivot_memory(new_array(DType::int64, {(m.count * m.rows + 1) / 2})),
      singular(-1) {
  const i64 n = m.rows;
  if (n == 0) return;
  typed(m.dtype, [&]<class T>(T) {
    const auto* const from = static_cast<const T*>(elements(a));
    auto* const to = static_cast<T*>(Access::body(lu)->data);
    singular = first_refused(m.count, n * n * n / 3, [&](i64 i) {
      std::copy_n(from + i * n * n, n * n, to + i * n * n);
      return Lapack<T>::lu(n, to + i * n * n, pivots() + i * n);
    });
  });
}

void check_finite(const Call& call, const Matrices& m) {
  const i64 size = m.rows * m.columns;
  typed(m.dtype, [&]<class T>(T) {
    const auto* const x = static_cast<const T*>(elements(call.in(0)));
    for (i64 i = 0; i < m.count * size; ++i)
      if (!std::isfinite(x[i]))
        call.fail<ValueError>("{} has an element that is {}", which(call.in(0), i / size), x[i]);
  });
}

Tensor transposed(const Tensor& x) { return swapaxes(x, -1, -2); }
Tensor symmetric(const Tensor& x) { return (x + transposed(x)) * 0.5; }

}  // namespace xgrad::detail
