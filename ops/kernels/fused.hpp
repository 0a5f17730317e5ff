#pragma once
// Two operations in one kernel, for the programs of lift(): half the loads, stores and calls. Each is rounded.
#include <xgrad/engine/kernels/arch.hpp>

namespace xgrad::detail {

/// u = a + b, a - b, a b, a / b
inline constexpr int fused_inner = 4;
/// u + c, u - c, c - u, u c, u / c, c / u
inline constexpr int fused_outer = 6;

/// By the two, and by element type: float32, float64.
struct FusedKernels {
  ElementwiseKernel value[fused_inner][fused_outer][2];
};
template <class A> struct FusedTable { static const FusedKernels kernels; };
extern template struct FusedTable<arch::sse2>;
#ifdef __x86_64__
extern template struct FusedTable<arch::avx2>;
extern template struct FusedTable<arch::avx512>;
#endif

/// By arch_index().
inline constexpr const FusedKernels* fused_tables[] = {
    &FusedTable<arch::sse2>::kernels,
#ifdef __x86_64__
    &FusedTable<arch::avx2>::kernels,
    &FusedTable<arch::avx512>::kernels,
#endif
};

}  // namespace xgrad::detail
