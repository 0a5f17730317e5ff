#pragma once
// Broadcasting, as shapes and as loop nests.
#include <xgrad/engine/internal/op.hpp>

namespace xgrad::detail {

/// numpy's rule. Returns false when the shapes do not fit.
bool broadcast(const Shape& a, const Shape& b, Shape& out) noexcept;
/// The shape of an op of all these; ShapeError, which calls them `argument 1` and so on where `names` is null.
Shape broadcast(const char* op, Site site, const Tensor* const* in, int count, const char* const* names);

/// The loop over `out` (operand 0, dense) with `shapes[0..count)` broadcast to it; a null shape is left untouched.
Loop broadcast_loop(const Shape& out, const Shape* const* shapes, int count) noexcept;

/// Runs the kernel, on several threads where the loop is long.
void run_elementwise(ElementwiseKernel kernel, const Loop& loop, void* out, i64 out_item, const void* const* in,
                     const i64* in_items, int count, bool accumulate);

}  // namespace xgrad::detail
