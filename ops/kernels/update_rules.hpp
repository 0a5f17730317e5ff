#pragma once
// Optimizers' updates beyond those of update.hpp, in place, each in one pass over its arrays.
#include <xgrad/engine/kernels/arch.hpp>
#include <xgrad/ops/update_options.hpp>

namespace xgrad::detail {

/// The numbers of one update: its rate, which one it is, from 1, and NAdam's product of momenta so far.
struct UpdateStep {
  double lr, count, product;
};
/// What NAdam multiplies the product by for update `count`.
[[gnu::always_inline]] inline double nadam_momentum(const NadamOptions& o, double count) {
  return o.beta1 * (1 - 0.5 * __builtin_pow(0.96, count * o.momentum_decay));
}

/// Those states that are null are not used.
template <class T, class Options>
using UpdateRule = void (*)(T* w, const T* g, T* const* states, std::int64_t n, const Options&, const UpdateStep&);

template <class T, class Options> struct UpdateSlot { UpdateRule<T, Options> run; };
template <class T, class... Options> struct UpdateSlots : UpdateSlot<T, Options>... {};
/// The lists of rules: PyTorch's, and the book's. A program has the tables that it uses.
template <class T>
using UpdateRules = UpdateSlots<T, AdamOptions, AdagradOptions, RmspropOptions, AdadeltaOptions, AdamaxOptions,
                                NadamOptions, RadamOptions, LionOptions, AverageOptions>;
template <class T> using BookRules = UpdateSlots<T, BookMomentumOptions, BookNesterovOptions, BookAdamOptions>;

/// For T = float or double.
template <class A> struct UpdateRuleTable {
  static const UpdateRules<float> float32;
  static const UpdateRules<double> float64;
};
template <class A> struct BookRuleTable {
  static const BookRules<float> float32;
  static const BookRules<double> float64;
};
extern template struct UpdateRuleTable<arch::sse2>;
extern template struct BookRuleTable<arch::sse2>;
#ifdef __x86_64__
extern template struct UpdateRuleTable<arch::avx2>;
extern template struct BookRuleTable<arch::avx2>;
extern template struct UpdateRuleTable<arch::avx512>;
extern template struct BookRuleTable<arch::avx512>;
#endif

}  // namespace xgrad::detail
