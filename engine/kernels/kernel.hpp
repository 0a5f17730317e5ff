#pragma once
// What kernels and their callers share: plain data only. Kernel files are compiled once per instruction set and
// include nothing else of the engine and nothing of the standard library that could leave an inline function
// behind: the linker keeps one copy of those, maybe the one a plainer processor cannot run.
#include <cstdint>

namespace xgrad::detail {

/// A loop nest over up to max operands, outermost axis first, neighbouring axes already merged where every
/// operand allows it. Strides are in elements; a broadcast axis has stride 0. Operand 0 is the output.
/// The innermost stride is 0 or 1 for every operand, and 1 for the output unless its extent is 1.
struct Loop {
  static constexpr int max_axes = 8, max_operands = 6;
  int axes;
  std::int64_t extent[max_axes];
  std::int64_t stride[max_operands][max_axes];
};

/// out = f(in...), or out += f(in...) when accumulate.
using ElementwiseKernel = void (*)(const Loop&, void* out, const void* const* in, bool accumulate);

struct ScalarPair {
  double first, second;
};

/// One elementwise rule compiled for one instruction set.
/// value[]: by element type of the inputs: float32, float64, int64, boolean; null where the rule has none.
/// A rule whose result is a mask writes bytes 0 or 1. grad[i][]: for float32 and float64; in = {g, a, b, c, y}, of
/// which only those the derivative reads are touched (they are loop operands 1..5 in that order); null where the
/// rule has no derivative for that input.
/// scalar_value and scalar_grad do the same for 0-d values of one or two inputs, with the same bits; float32 values
/// travel as doubles that are exactly floats. The first leaves in saved[2] what the second will read of a, b and y, in
/// that order; y is computed again if all three are read. Both are null where a rule does not take floats.
struct ElementwiseKernels {
  ElementwiseKernel value[4];
  ElementwiseKernel grad[3][2];
  double (*scalar_value[2])(double a, double b, double* saved);
  ScalarPair (*scalar_grad[2])(double g, const double* saved);
};

}  // namespace xgrad::detail
