#pragma once
// The matrix product every op shares.
#include <xgrad/engine/internal/body.hpp>

namespace xgrad::detail {

/// c (m, n) = a (m, k) b (k, n), or c += where `accumulate`; row-major, `ld*` elements from row to row. `ta`: a is
/// stored as (k, m); `tb`: b is stored as (n, k). `bias` (n), unless null, is added to each row: instead of
/// `accumulate`. float32 or float64. The bits do not depend on the thread count.
void product(DType dtype, bool ta, bool tb, i64 m, i64 n, i64 k, const void* a, i64 lda, const void* b, i64 ldb,
             void* c, i64 ldc, bool accumulate, const void* bias = nullptr);

/// The factor b (k, n) of many products, or stored as (n, k) where `tb`, laid out for them once. float32 or float64.
class PackedFactor {
 public:
  PackedFactor(DType dtype, bool tb, i64 n, i64 k, const void* b, i64 ldb);
  /// As product(), of rows a (m, k).
  void multiply(i64 m, const void* a, i64 lda, void* c, i64 ldc, bool accumulate) const;

 private:
  DType dtype_;
  i64 n_, k_;
  Tensor packed_;
};

/// Multiply-adds below which a second thread does not pay.
inline constexpr i64 parallel_product = i64{1} << 21;

}  // namespace xgrad::detail
