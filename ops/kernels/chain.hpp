#pragma once
// Arithmetic in one pass, for the programs of lift(): each operation is a function that takes eight batches in
// registers, computes them with operands in memory, and calls the next one; the last one goes on with the next eight.
// Each operation is rounded.
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
  // r + a a, r - a a, a a - r
  add_square, sub_square, square_sub,
  // of r and a
  add, mul, sub, sub_from, div, div_into, maximum, maximum_of, minimum, minimum_of,
  pow, pow_of, greater, greater_equal, less, less_equal, equal, not_equal, logical_and, logical_or,
  // r + a b, r - a b, a b - r, r (a + b), r (a - b)
  add_product, sub_product, product_sub, mul_sum, mul_difference,
  // where(...), r being the mask, the first or the second value; a and b the other two, in order
  where_mask, where_first, where_second,
  // where(a > b, r, c), where(a >= b, r, c), where(a > b, c, r), where(a >= b, c, r); r + a b c, r - a b c
  first_if_greater, first_if_greater_equal, second_if_greater, second_if_greater_equal,
  add_product_of_3, sub_product_of_3,
  count
};
// clang-format on
inline constexpr std::size_t chain_ops = static_cast<std::size_t>(ChainOp::count);

/// What is one step: an operation, or some in turn that are often met so, for less than a step each; then `end`.
struct ChainSequence {
  ChainOp first, second = ChainOp::end, third = ChainOp::end;
  friend constexpr bool operator==(ChainSequence, ChainSequence) = default;
};
// clang-format off
inline constexpr ChainSequence chain_several[] = {
    {ChainOp::load, ChainOp::add}, {ChainOp::load, ChainOp::mul}, {ChainOp::load, ChainOp::sub},
    {ChainOp::load, ChainOp::sub_from}, {ChainOp::load, ChainOp::square}, {ChainOp::load, ChainOp::maximum},
    {ChainOp::load, ChainOp::add, ChainOp::store}, {ChainOp::load, ChainOp::mul, ChainOp::store},
    {ChainOp::load, ChainOp::sub, ChainOp::store}, {ChainOp::load, ChainOp::square, ChainOp::mul},
    {ChainOp::square, ChainOp::add}, {ChainOp::square, ChainOp::mul}, {ChainOp::square, ChainOp::store},
    {ChainOp::sub, ChainOp::mul}, {ChainOp::sub, ChainOp::square}, {ChainOp::sub, ChainOp::store},
    {ChainOp::sub_from, ChainOp::mul}, {ChainOp::sub_from, ChainOp::store},
    {ChainOp::add, ChainOp::add}, {ChainOp::add, ChainOp::mul}, {ChainOp::add, ChainOp::sub},
    {ChainOp::add, ChainOp::maximum}, {ChainOp::add, ChainOp::store},
    {ChainOp::add, ChainOp::maximum, ChainOp::store}, {ChainOp::mul, ChainOp::add}, {ChainOp::mul, ChainOp::mul},
    {ChainOp::mul, ChainOp::sub}, {ChainOp::mul, ChainOp::sub_from}, {ChainOp::mul, ChainOp::store},
    {ChainOp::add_product, ChainOp::add}, {ChainOp::add_product, ChainOp::store},
    {ChainOp::sub_product, ChainOp::store}, {ChainOp::add_square, ChainOp::add},
    {ChainOp::add_square, ChainOp::store}, {ChainOp::div_into, ChainOp::store},
    {ChainOp::maximum, ChainOp::mul}, {ChainOp::maximum, ChainOp::store}, {ChainOp::first_if_greater, ChainOp::store},
    {ChainOp::second_if_greater, ChainOp::store},
};
// clang-format on
/// By number: the operations, and then those.
inline constexpr std::size_t chain_sequences = chain_ops + sizeof(chain_several) / sizeof(*chain_several);
constexpr ChainSequence chain_sequence(std::size_t i) {
  return i < chain_ops ? ChainSequence{static_cast<ChainOp>(i), ChainOp::end, ChainOp::end}
                       : chain_several[i - chain_ops];
}

/// Of the group that begins i bytes after the first one, elements are at base + (i & moves).
struct ChainOperand {
  const char* base;
  std::int64_t moves;  // all bits or none
};
/// What it is depends on the instruction set and the element type.
using ChainFunction = void (*)();
struct ChainStep {
  ChainFunction function;
  ChainOperand operand[4];
};

struct ChainKernels {
  std::int64_t group;  // elements computed at a time
  /// The sequence of that number, for operands of which some are single numbers, a bit each.
  ChainFunction (*function)(std::size_t sequence, unsigned numbers);
  /// n elements, by `count` steps. The last group may overlap the one before; if n is less than a group, a whole one is
  /// read and written.
  void (*run)(const ChainStep* steps, std::int64_t count, std::int64_t n);
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
