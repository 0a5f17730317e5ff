#pragma once
// Every kernel is compiled once per instruction set and says which in its template arguments, so that no two of its
// copies share a symbol.
#include <xgrad/engine/kernels/kernel.hpp>

namespace xgrad::detail {

namespace arch {
struct sse2;
struct avx2;
struct avx512;
}  // namespace arch

/// The best instruction set the processor has, or $XGRAD_ARCH, which must name one it has (ValueError otherwise).
int choose_arch();

/// The instruction set in use: 0 sse2, 1 avx2, 2 avx512.
inline int arch_index() {
  static const int index = choose_arch();
  return index;
}

/// The kernels of Rule for the instruction set A: defined in a file generated from the list of ops, see
/// elementwise.hpp.
template <class Rule, class A> struct ElementwiseTable { static const ElementwiseKernels kernels; };

/// The kernels of Rule by arch_index().
template <class Rule>
inline constexpr const ElementwiseKernels* elementwise_tables[] = {
    &ElementwiseTable<Rule, arch::sse2>::kernels,
#ifdef __x86_64__
    &ElementwiseTable<Rule, arch::avx2>::kernels,
    &ElementwiseTable<Rule, arch::avx512>::kernels,
#endif
};

}  // namespace xgrad::detail
