#pragma once
// What linear and affine share: rows of x times a weight matrix, plus a bias.
#include <xgrad/engine/internal/op.hpp>

namespace xgrad::detail {

/// The last `features` axes of x make a row. weight is (out, in) where `transposed`, else (in, out).
struct Dense {
  int features;
  bool transposed;
};

Tensor dense(Call& call, const Dense& form);
/// The derivative of both.
void dense_vjp(Vjp& d);

}  // namespace xgrad::detail
