#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The factors of x = q r.
struct Qr {
  Tensor q, r;
};

/// For each matrix of x (..., m, n), with k the smaller of m and n: q (..., m, k) with orthonormal columns, and r
/// (..., k, n), upper triangular. The signs are LAPACK's, as in numpy and PyTorch: r's diagonal may be negative. The
/// derivatives are those of matrices whose first k columns are linearly independent; for others a ValueError.
Qr qr(const Operand& x);

}  // namespace xgrad
