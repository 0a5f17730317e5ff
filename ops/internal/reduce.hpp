#pragma once
// Reductions over any choice of axes, from functions that reduce one.
#include <xgrad/ops/internal/axes.hpp>

namespace xgrad::detail {

/// to (outer, inner) from from (outer, n, inner), by the middle axis.
using Reducer = void (*)(DType dtype, const void* from, i64 outer, i64 n, i64 inner, void* to);

/// x with the axes in `mask` reduced, in the shape `result`: int64, float32 or float64.
Tensor reduce(const Tensor& x, AxisMask mask, const Shape& result, Reducer reducer);

/// xgrad::sum by normal axes.
Tensor sum_axes(const Operand& x, AxisMask mask, bool keepdims);

/// max and min.
Tensor extremum(const Op& op, const Operand& x, const Axes& axes, bool keepdims, Reducer reducer);
/// Their derivative: shared equally among the elements that are the extremum.
void extremum_vjp(Vjp& d);

}  // namespace xgrad::detail
