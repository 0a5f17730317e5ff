#pragma once
// Reductions over any choice of axes, from functions that reduce one.
#include <xgrad/ops/internal/along.hpp>
#include <xgrad/ops/internal/axes.hpp>

namespace xgrad::detail {

/// Calls f(extents around it) for each run of neighbouring axes in `mask`, innermost first, as if those before were
/// reduced already.
template <class F> void each_run(Shape extents, AxisMask mask, F f) {
  for (int end = extents.rank(); end > 0; --end) {
    int begin = end;
    while (begin > 0 && has(mask, begin - 1)) --begin;
    if (begin == end) continue;
    Middle m;
    for (int i = 0; i < extents.rank(); ++i) (i < begin ? m.outer : i < end ? m.n : m.inner) *= extents[i];
    for (int i = begin; i < end; ++i) extents[i] = 1;
    f(m);
    end = begin + 1;
  }
}

/// How many elements of an array each of the reduced ones stands for.
double reduced_count(const Shape& shape, AxisMask mask) noexcept;

/// x with the axes in `mask` reduced, in the shape `result`: int64, float32 or float64.
Tensor reduce(const Tensor& x, AxisMask mask, const Shape& result, Reducer reducer);

/// For an Observer: which axes are reduced.
void note_axes(AxisMask mask);

/// xgrad::sum by normal axes.
Tensor sum_axes(const Operand& x, AxisMask mask, bool keepdims);

/// max and min.
Tensor extremum(const Op& op, const Operand& x, const Axes& axes, bool keepdims, Reducer reducer);
/// argmax and argmin: where the largest element of `key`, which is like the argument, is along an axis, or among all.
Tensor arg_extremum(const Call& call, const Tensor& key, const Axes& axes, bool keepdims);
/// Their derivative: shared equally among the elements that are the extremum.
void extremum_vjp(Vjp& d);

}  // namespace xgrad::detail
