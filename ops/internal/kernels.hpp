#pragma once
#include <type_traits>

#include <xgrad/engine/kernels/arch.hpp>

namespace xgrad::detail {

/// Of a table of kernels, those for T = float or double and the instruction set in use.
template <template <class> class Table, class T> const auto& kernels_of() {
  const auto pick = []<class A>(const Table<A>&) -> const auto& {
    if constexpr (std::is_same_v<T, float>) return Table<A>::float32;
    else return Table<A>::float64;
  };
#ifdef __x86_64__
  if (arch_index() == 2) return pick(Table<arch::avx512>{});
  if (arch_index() == 1) return pick(Table<arch::avx2>{});
#endif
  return pick(Table<arch::sse2>{});
}

}  // namespace xgrad::detail
