#pragma once
// Operations on each line of an array along one axis.
#include <xgrad/engine/internal/body.hpp>

namespace xgrad::detail {

/// y from a (and b, or null), all (rows, n).
using RowKernel = void (*)(DType dtype, const void* a, const void* b, i64 rows, i64 n, void* y);

/// The kernel on the lines of a (and b, or null, of the same shape) along an axis.
Tensor map_rows(RowKernel kernel, const Tensor& a, const Tensor* b, int axis);

void softmax_rows(DType dtype, const void* x, const void*, i64 rows, i64 n, void* y);
void log_softmax_rows(DType dtype, const void* x, const void*, i64 rows, i64 n, void* y);
/// dx from g and y.
void softmax_grad_rows(DType dtype, const void* g, const void* y, i64 rows, i64 n, void* dx);
void log_softmax_grad_rows(DType dtype, const void* g, const void* y, i64 rows, i64 n, void* dx);

}  // namespace xgrad::detail
