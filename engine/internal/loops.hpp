#pragma once
// Broadcasting, as shapes and as loop nests.
#include <xgrad/engine/internal/op.hpp>
#include <xgrad/engine/internal/trace.hpp>

namespace xgrad::detail {

/// numpy's rule. Returns false when the shapes do not fit.
bool broadcast(const Shape& a, const Shape& b, Shape& out) noexcept;
/// The shape of an op of all these; ShapeError, which calls them `argument 1` and so on where `names` is null.
Shape broadcast(const char* op, Site site, const Tensor* const* in, int count, const char* const* names);

/// The loop over `out` (operand 0, dense) with `shapes[0..count)` broadcast to it; a null shape is left untouched.
Loop broadcast_loop(const Shape& out, const Shape* const* shapes, int count) noexcept;

/// A kernel and its loop; a launch of it: pointer 0 is the output, null ones are not touched.
struct ElementwiseRun {
  ElementwiseKernel kernel;
  Loop loop;
  i64 items[Loop::max_operands];  // bytes of an element
  int operands;
  bool accumulate;
  i64 extent = 0, grain = 1;  // see Sliceable
  u32 aligned = 0;

  ElementwiseRun(ElementwiseKernel kernel, const Loop& loop, const i64* items, int operands, bool accumulate);
  /// On several threads where the loop is long.
  void operator()(Pointers p) const;
  void run(Pointers p, i64 begin, i64 end) const;
};

}  // namespace xgrad::detail
