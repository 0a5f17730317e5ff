#include <xgrad/ops/det.hpp>

#include <algorithm>
#include <vector>

#include <xgrad/ops/concatenate.hpp>
#include <xgrad/ops/index_select.hpp>
#include <xgrad/ops/internal/linalg.hpp>
#include <xgrad/ops/inv.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/reshape.hpp>

namespace xgrad {
namespace {

using namespace detail;

/// With more rows the minors, of which there are n^2, take more memory than they are worth.
constexpr i64 max_minors = 32;

Tensor indices(const std::vector<i64>& values) { return from_vector(values, {values.size()}); }

/// The cofactors of matrices (count, n, n), each with the determinant of what is left without a row and a column.
Tensor cofactors_by_minors(const Tensor& a) {
  const i64 count = a.shape()[0], n = a.shape()[1];
  std::vector<i64> places;
  Tensor signs = zeros({n, n}, a.dtype());
  typed(a.dtype(), [&]<class T>(T) {
    auto* sign = static_cast<T*>(Access::body(signs)->data);
    for (i64 row = 0; row < n; ++row)
      for (i64 column = 0; column < n; ++column) {
        *sign++ = (row + column) % 2 ? T{-1} : T{1};
        for (i64 i = 0; i < n; ++i)
          for (i64 j = 0; j < n; ++j)
            if (i != row && j != column) places.push_back(i * n + j);
      }
  });
  const Tensor minors = index_select(reshape(a, {count, n * n}), 1, indices(places));
  return det(reshape(minors, {count, n, n, n - 1, n - 1})) * signs;
}

/// The same for matrices with the determinants y (count), none of them 0, or with too many rows.
Tensor cofactors_by_inverse(const Tensor& a, const Tensor& y) {
  return reshape(y, {y.size(), 1, 1}) * transposed(inv(a));
}

/// The same for any matrices: each by its own way, and back in their order.
Tensor cofactors(const Tensor& a, const Tensor& y) {
  const bool minors = a.shape()[1] > 0 && a.shape()[1] <= max_minors;
  const i64 zero_count = minors ? typed(y.dtype(),
                                        [&]<class T>(T) {
                                          const auto* const values = static_cast<const T*>(elements(y));
                                          return static_cast<i64>(std::count(values, values + y.size(), T{0}));
                                        })
                                : 0;
  if (zero_count == 0) return cofactors_by_inverse(a, y);
  if (zero_count == y.size()) return cofactors_by_minors(a);
  std::vector<i64> regular, singular, order(static_cast<std::size_t>(y.size()));
  typed(y.dtype(), [&]<class T>(T) {
    const auto* const values = static_cast<const T*>(elements(y));
    for (i64 i = 0; i < y.size(); ++i) (values[i] == 0 ? singular : regular).push_back(i);
  });
  i64 next = 0;
  for (const i64 i : regular) order[static_cast<std::size_t>(i)] = next++;
  for (const i64 i : singular) order[static_cast<std::size_t>(i)] = next++;
  const Tensor r = indices(regular), s = indices(singular);
  return index_select(concatenate({cofactors_by_inverse(index_select(a, 0, r), index_select(y, 0, r)),
                                   cofactors_by_minors(index_select(a, 0, s))}),
                      0, indices(order));
}

const Op op{.name = "det", .reads = {reads_in(0) | reads_output}, .vjp = [](Vjp& d) {
              const Tensor a = d.in(0), y = d.out();
              const i64 count = y.size(), n = a.shape()[a.rank() - 1];
              const Tensor c = cofactors(reshape(a, {count, n, n}), reshape(y, {count}));
              d.add(0, reshape(c * reshape(d.grad(), {count, 1, 1}), a.shape()));
            }};

}  // namespace

Tensor det(const Operand& x) {
  Call call(op, x);
  const Matrices m = square_of(call);
  const i64 n = m.rows;
  const Factors factors(call.in(0), m);
  Output out(m.dtype, m.batch);
  typed(m.dtype, [&]<class T>(T) {
    const auto* const lu = static_cast<const T*>(elements(factors.lu));
    const int* const pivots = factors.pivots();
    auto* const to = static_cast<T*>(out.get());
    for (i64 i = 0; i < m.count; ++i) {
      double y = 1;
      for (i64 k = 0; k < n; ++k) {
        y *= static_cast<double>(lu[(i * n + k) * n + k]);
        if (pivots[i * n + k] != k + 1) y = -y;
      }
      to[i] = static_cast<T>(y);
    }
  });
  return call.record(out.finish());
}

}  // namespace xgrad
