#include <xgrad/engine/kernels/elementwise.hpp>
#include <xgrad/ops/kernels/fused.hpp>

namespace xgrad::detail {

template <int inner, int outer> struct FusedRule {
  static auto first(auto a, auto b) {
    if constexpr (inner == 0) return a + b;
    else if constexpr (inner == 1) return a - b;
    else if constexpr (inner == 2) return a * b;
    else return a / b;
  }
  static auto second(auto u, auto c) {
    if constexpr (outer == 0) return u + c;
    else if constexpr (outer == 1) return u - c;
    else if constexpr (outer == 2) return c - u;
    else if constexpr (outer == 3) return u * c;
    else if constexpr (outer == 4) return u / c;
    else return c / u;
  }
  static auto value(auto a, auto b, auto c) { return second(first(a, b), c); }
};

namespace {

template <class A, int inner, int outer> constexpr void fill_fused(FusedKernels& k) {
  k.value[inner][outer][0] = elementwise_kernel<FusedRule<inner, outer>, float, A, value>;
  k.value[inner][outer][1] = elementwise_kernel<FusedRule<inner, outer>, double, A, value>;
  if constexpr (outer + 1 < fused_outer) fill_fused<A, inner, outer + 1>(k);
  else if constexpr (inner + 1 < fused_inner) fill_fused<A, inner + 1, 0>(k);
}

template <class A> constexpr FusedKernels make_fused_kernels() {
  FusedKernels k{};
  fill_fused<A, 0, 0>(k);
  return k;
}

}  // namespace

template <class A> constinit const FusedKernels FusedTable<A>::kernels = make_fused_kernels<A>();
template struct FusedTable<arch::XGRAD_ARCH>;

}  // namespace xgrad::detail
