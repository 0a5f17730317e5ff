#pragma once
// Arithmetic in one pass, for the programs of lift(): each operation is a function that takes eight batches in
// registers, computes them with operands in memory, and calls the next one. Each operation is rounded.
#include <xgrad/engine/kernels/arch.hpp>

namespace xgrad::detail {

/// What becomes of the batches `r`, with up to three operands a, b and c. Masks are numbers here, 0 and 1.
// clang-format off
enum class ChainOp : std::uint8_t {
  end,
  load,   // a
  store,  // r into a
  // of r
  neg, abs, square, sqrt, rsqrt, reciprocal, relu, sign, step, is_finite, is_inf, is_nan, logical_not,
  exp, exp2, expm1, log, log2, log10, log1p, sinh, cosh, tanh, sigmoid, erf, normal_cdf,
  // of r and a
  add, mul, sub, sub_from, div, div_into, maximum, maximum_of, minimum, minimum_of,
  pow, pow_of, greater, greater_equal, less, less_equal, equal, not_equal, logical_and, logical_or,
  // r + a b, r - a b, a b - r, r (a + b), r (a - b)
  add_product, sub_product, product_sub, mul_sum, mul_difference,
  // where(...), r being the mask, the first or the second value; a and b the other two, in order
  where_mask, where_first, where_second,
  // where(a > b, r, c), where(a >= b, r, c), where(a > b, c, r), where(a >= b, c, r)
  first_if_greater, first_if_greater_equal, second_if_greater, second_if_greater_equal,
  count
};
// clang-format on
inline constexpr int chain_ops = static_cast<int>(ChainOp::count);

/// Elements are at base + offset[moves].
struct ChainOperand {
  const char* base;
  std::int64_t moves;
};
inline constexpr int chain_offsets = 8;
/// What it is depends on the instruction set and the element type.
using ChainFunction = void (*)();
struct ChainStep {
  ChainFunction function;
  ChainOperand operand[3];
};

struct ChainKernels {
  std::int64_t group;  // elements computed at a time
  /// The operation for operands of which some are single numbers, a bit each.
  ChainFunction (*function)(ChainOp op, unsigned numbers);
  /// n elements, of which the first are at `offset`, and one is step[i] bytes after another. The last group may overlap
  /// the one before; if n is less than a group, a whole one is read and written.
  void (*run)(const ChainStep* steps, const std::int64_t* offset, const std::int64_t* step, std::int64_t n);
};

/// For float32 and float64.
template <class A> struct ChainTable { static const ChainKernels kernels[2]; };
extern template struct ChainTable<arch::sse2>;
#ifdef __x86_64__
extern template struct ChainTable<arch::avx2>;
extern template struct ChainTable<arch::avx512>;
#endif

/// By arch_index().
inline constexpr const ChainKernels* chain_tables[] = {
    ChainTable<arch::sse2>::kernels,
#ifdef __x86_64__
    ChainTable<arch::avx2>::kernels,
    ChainTable<arch::avx512>::kernels,
#endif
};

}  // namespace xgrad::detail
