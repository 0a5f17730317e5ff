#pragma once
// The three sums a convolution is made of: of x and weights, and what goes back to either.
#include <xgrad/engine/internal/body.hpp>
#include <xgrad/ops/internal/windows.hpp>

namespace xgrad::detail {

struct Convolution {
  i64 samples, groups, in, out;  // channels in a group: of x, of y
  Pair plane, count;             // extents: of x, of y
  Windows windows;
  bool line;  // in one dimension
};

/// y = bias, if there is one, + the windows of x times weight, all in the order of c: x (samples, groups in, plane),
/// weight (groups out, in, kernel), y (samples, groups out, count). The other way, x = bias + what y times the weights
/// adds up to, where `back`.
void correlate(DType dtype, const Convolution& c, bool back, const void* from, const void* weight, const void* bias,
               void* to);
/// to = the sums of x times y, for each weight.
void correlate_weights(DType dtype, const Convolution& c, const void* x, const void* y, void* to);

}  // namespace xgrad::detail
