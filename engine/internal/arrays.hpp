#pragma once
// The array kernels that the engine itself uses, by dtype: float32 or float64 unless said.
#include <xgrad/engine/internal/body.hpp>
#include <xgrad/engine/kernels/kernel.hpp>

namespace xgrad::detail {

/// to[i] += from[i]
void add_into(DType dtype, void* to, const void* from, i64 n);
/// Elements of any dtype from one place to another, along `loop` (operand 0 is `to`, 1 is `from`).
void copy_elements(DType dtype, const Loop& loop, const void* from, void* to);
/// to (outer, inner) = sum over the middle axis of from (outer, n, inner).
void sum_middle(DType dtype, const void* from, i64 outer, i64 n, i64 inner, void* to);

}  // namespace xgrad::detail
