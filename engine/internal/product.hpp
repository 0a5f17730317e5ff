#pragma once
// The matrix product every op shares.
#include <xgrad/engine/internal/body.hpp>

namespace xgrad::detail {

/// The largest extent a BLAS takes.
inline constexpr i64 max_product_extent = 0x7fffffff;

/// c (m, n) = a (m, k) b (k, n), or c += where `accumulate`; row-major, `ld*` elements from row to row. `ta`: a is
/// stored as (k, m); `tb`: b is stored as (n, k). float32 or float64. The bits do not depend on the thread count.
void product(DType dtype, bool ta, bool tb, i64 m, i64 n, i64 k, const void* a, i64 lda, const void* b, i64 ldb,
             void* c, i64 ldc, bool accumulate);

/// Multiply-adds below which a second thread does not pay.
inline constexpr i64 parallel_product = i64{1} << 21;

}  // namespace xgrad::detail
