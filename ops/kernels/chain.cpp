#include <xgrad/engine/kernels/math.hpp>
#include <xgrad/ops/kernels/chain.hpp>

#include <xgrad/ops/abs.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/cosh.hpp>
#include <xgrad/ops/div.hpp>
#include <xgrad/ops/equal.hpp>
#include <xgrad/ops/erf.hpp>
#include <xgrad/ops/exp.hpp>
#include <xgrad/ops/exp2.hpp>
#include <xgrad/ops/expm1.hpp>
#include <xgrad/ops/greater.hpp>
#include <xgrad/ops/greater_equal.hpp>
#include <xgrad/ops/isfinite.hpp>
#include <xgrad/ops/isinf.hpp>
#include <xgrad/ops/isnan.hpp>
#include <xgrad/ops/less.hpp>
#include <xgrad/ops/less_equal.hpp>
#include <xgrad/ops/log.hpp>
#include <xgrad/ops/log10.hpp>
#include <xgrad/ops/log1p.hpp>
#include <xgrad/ops/log2.hpp>
#include <xgrad/ops/maximum.hpp>
#include <xgrad/ops/minimum.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/neg.hpp>
#include <xgrad/ops/normal_cdf.hpp>
#include <xgrad/ops/not_equal.hpp>
#include <xgrad/ops/pow.hpp>
#include <xgrad/ops/reciprocal.hpp>
#include <xgrad/ops/relu.hpp>
#include <xgrad/ops/rsqrt.hpp>
#include <xgrad/ops/sigmoid.hpp>
#include <xgrad/ops/sign.hpp>
#include <xgrad/ops/sinh.hpp>
#include <xgrad/ops/sqrt.hpp>
#include <xgrad/ops/square.hpp>
#include <xgrad/ops/step.hpp>
#include <xgrad/ops/sub.hpp>
#include <xgrad/ops/tanh.hpp>

namespace xgrad::detail {

namespace {

template <class T, class A> Lane<T, A> as_number(LaneMask<T, A> mask) noexcept { return where(mask, 1, 0); }
template <class T, class A> Lane<T, A> as_number(Lane<T, A> lane) noexcept { return lane; }

/// An operation: the text of the rules.
template <ChainOp op, class L> auto compute(L r, [[maybe_unused]] L a, [[maybe_unused]] L b, [[maybe_unused]] L c) {
  using enum ChainOp;
  using namespace rules;
  if constexpr (op == load) return a;
  else if constexpr (op == neg) return Neg::value(r);
  else if constexpr (op == abs) return Abs::value(r);
  else if constexpr (op == square) return Square::value(r);
  else if constexpr (op == sqrt) return Sqrt::value(r);
  else if constexpr (op == rsqrt) return Rsqrt::value(r);
  else if constexpr (op == reciprocal) return Reciprocal::value(r);
  else if constexpr (op == relu) return Relu::value(r);
  else if constexpr (op == sign) return Sign::value(r);
  else if constexpr (op == step) return Step::value(r);
  else if constexpr (op == is_finite) return Isfinite::value(r);
  else if constexpr (op == is_inf) return Isinf::value(r);
  else if constexpr (op == is_nan) return Isnan::value(r);
  else if constexpr (op == logical_not) return r == 0;
  else if constexpr (op == exp) return Exp::value(r);
  else if constexpr (op == exp2) return Exp2::value(r);
  else if constexpr (op == expm1) return Expm1::value(r);
  else if constexpr (op == log) return Log::value(r);
  else if constexpr (op == log2) return Log2::value(r);
  else if constexpr (op == log10) return Log10::value(r);
  else if constexpr (op == log1p) return Log1p::value(r);
  else if constexpr (op == sinh) return Sinh::value(r);
  else if constexpr (op == cosh) return Cosh::value(r);
  else if constexpr (op == tanh) return Tanh::value(r);
  else if constexpr (op == sigmoid) return Sigmoid::value(r);
  else if constexpr (op == erf) return Erf::value(r);
  else if constexpr (op == normal_cdf) return NormalCdf::value(r);
  else if constexpr (op == pow) return Pow::value(r, a);
  else if constexpr (op == pow_of) return Pow::value(a, r);
  else if constexpr (op == add_square) return r + a * a;
  else if constexpr (op == sub_square) return r - a * a;
  else if constexpr (op == square_sub) return a * a - r;
  else if constexpr (op == add_product_of_3) return r + a * b * c;
  else if constexpr (op == sub_product_of_3) return r - a * b * c;
  else if constexpr (op == add) return Add::value(r, a);
  else if constexpr (op == mul) return Mul::value(r, a);
  else if constexpr (op == sub) return Sub::value(r, a);
  else if constexpr (op == sub_from) return Sub::value(a, r);
  else if constexpr (op == div) return Div::value(r, a);
  else if constexpr (op == div_into) return Div::value(a, r);
  else if constexpr (op == maximum) return Maximum::value(r, a);
  else if constexpr (op == maximum_of) return Maximum::value(a, r);
  else if constexpr (op == minimum) return Minimum::value(r, a);
  else if constexpr (op == minimum_of) return Minimum::value(a, r);
  else if constexpr (op == greater) return Greater::value(r, a);
  else if constexpr (op == greater_equal) return GreaterEqual::value(r, a);
  else if constexpr (op == less) return Less::value(r, a);
  else if constexpr (op == less_equal) return LessEqual::value(r, a);
  else if constexpr (op == equal) return Equal::value(r, a);
  else if constexpr (op == not_equal) return NotEqual::value(r, a);
  else if constexpr (op == logical_and) return r * a;
  else if constexpr (op == logical_or) return where(r == 0, a, r);
  else if constexpr (op == where_mask) return where(r == 0, b, a);
  else if constexpr (op == where_first) return where(a == 0, b, r);
  else if constexpr (op == where_second) return where(a == 0, r, b);
  else if constexpr (op == add_product) return r + a * b;
  else if constexpr (op == sub_product) return r - a * b;
  else if constexpr (op == product_sub) return a * b - r;
  else if constexpr (op == mul_sum) return r * (a + b);
  else if constexpr (op == mul_difference) return r * (a - b);
  else if constexpr (op == first_if_greater) return where(a > b, r, c);
  else if constexpr (op == first_if_greater_equal) return where(a >= b, r, c);
  else if constexpr (op == second_if_greater) return where(a > b, c, r);
  else return where(a >= b, c, r);
}

constexpr int operands_of(ChainOp op) {
  if (op == ChainOp::load || op == ChainOp::store) return 1;
  return op < ChainOp::add_square ? 0 : op < ChainOp::add_product ? 1 : op < ChainOp::first_if_greater ? 2 : 3;
}

/// What takes so many instructions that they should be there once.
constexpr bool is_function(ChainOp op) {
  return (op > ChainOp::exp && op <= ChainOp::normal_cdf) || op == ChainOp::pow || op == ChainOp::pow_of;
}

template <class T, class A> struct Chain {
  using L = Lane<T, A>;
  using R = typename L::Value::register_type;
  static constexpr int batches = 8;  // as many as the calling conventions of x86-64 and arm64 pass in registers
  static constexpr std::int64_t group = batches * L::width;
  /// At byte `at` of the arrays, with so many elements left after this group.
  using Function = void (*)(const ChainStep*, std::int64_t at, std::int64_t left, const ChainStep* first, R, R, R, R, R,
                            R, R, R);

  /// Has one batch done before the next one is begun: compilers would have more in hand than registers hold.
  static L done(R r) noexcept {
#ifdef __x86_64__
    asm volatile("" : "+v"(r));
#endif
    return L(r);
  }

  /// What becomes of the batch r that is i from the first one; operands are at `at`, or, single numbers, in `number`.
  template <unsigned numbers, ChainOp op, ChainOp... then>
  [[gnu::always_inline]] static L after(L r, const T* const* at, const L* number, int i) noexcept {
    constexpr int count = operands_of(op);
    const auto operand = [&]([[maybe_unused]] auto which) -> L {
      constexpr int k = decltype(which)::value;
      if constexpr (k >= count) return 0;
      else if constexpr (numbers >> k & 1) return number[k];
      else return L::load(at[k] + i * L::width);
    };
    if constexpr (op == ChainOp::store) r.store(const_cast<T*>(at[0]) + i * L::width);
    else
      r = as_number(compute<op>(r, operand(std::integral_constant<int, 0>()), operand(std::integral_constant<int, 1>()),
                                operand(std::integral_constant<int, 2>())));
    if constexpr (sizeof...(then) > 0) return after<(numbers >> count), then...>(r, at + count, number + count, i);
    else return r;
  }

  template <unsigned numbers, ChainOp... ops>
  static void step(const ChainStep* s, std::int64_t place, std::int64_t left, const ChainStep* first, R r0, R r1, R r2,
                   R r3, R r4, R r5, R r6, R r7) {
    constexpr int operands = (operands_of(ops) + ...);
    static_assert(operands <= 4);
    L r[] = {L(r0), L(r1), L(r2), L(r3), L(r4), L(r5), L(r6), L(r7)};
    const T* at[operands + 1];
    L number[operands + 1] = {};
    for (int k = 0; k < operands; ++k) {
      at[k] = reinterpret_cast<const T*>(s->operand[k].base + (numbers >> k & 1 ? 0 : place & s->operand[k].moves));
      if (numbers >> k & 1) number[k] = *at[k];
    }
    if constexpr ((is_function(ops) || ...)) {
#pragma GCC unroll 1
      for (int i = 0; i < batches; ++i) r[i] = after<numbers, ops...>(r[i], at, number, i);
    } else {
#pragma GCC unroll 8
      for (int i = 0; i < batches; ++i) r[i] = done(after<numbers, ops...>(r[i], at, number, i).v);
    }
    ++s;
    reinterpret_cast<Function>(s->function)(s, place, left, first, r[0].v, r[1].v, r[2].v, r[3].v, r[4].v, r[5].v,
                                            r[6].v, r[7].v);
  }

  static void end(const ChainStep*, std::int64_t at, std::int64_t left, const ChainStep* first, R r0, R r1, R r2, R r3,
                  R r4, R r5, R r6, R r7) {
    if (left == 0) return;
    const std::int64_t further = left < group ? left : group;
    at += further * static_cast<std::int64_t>(sizeof(T));
    reinterpret_cast<Function>(first->function)(first, at, left - further, first, r0, r1, r2, r3, r4, r5, r6, r7);
  }

  static void run(const ChainStep* steps, std::int64_t count, std::int64_t n) {
    constexpr std::int64_t deep = 256, size = sizeof(T);  // compilers may make calls of the jumps: so many at most
    const std::int64_t most = (count < deep ? deep / count : 1) * group;
    const R r = L(0).v;
    for (std::int64_t done = 0; done < n;) {
      if (done > 0 && n - done < group) done = n - group;
      const std::int64_t here = n - done < most ? n - done : most, left = here > group ? here - group : 0;
      reinterpret_cast<Function>(steps->function)(steps, done * size, left, steps, r, r, r, r, r, r, r, r);
      done += here;
    }
    // Compilers think that what took wide registers has done this; code without AVX after it would be slow.
#ifdef __AVX__
    _mm256_zeroupper();
#endif
  }

  struct Functions {
    Function of[chain_sequences][8] = {};

    template <std::size_t i, unsigned numbers, ChainOp... ops> constexpr void fill() {
      constexpr int read = (operands_of(ops) + ...) - ((ops == ChainOp::store) + ...);
      of[i][numbers] = step<numbers, ops...>;
      if constexpr (numbers + 1 < 1u << read) fill<i, numbers + 1, ops...>();
    }
    template <std::size_t... i> constexpr explicit Functions(std::index_sequence<i...>) {
      const auto sequence = [&](auto at) {
        constexpr std::size_t k = decltype(at)::value;
        constexpr ChainSequence s = chain_sequence(k);
        if constexpr (s.first == ChainOp::end) of[k][0] = end;
        else if constexpr (s.second == ChainOp::end) fill<k, 0, s.first>();
        else if constexpr (s.third == ChainOp::end) fill<k, 0, s.first, s.second>();
        else fill<k, 0, s.first, s.second, s.third>();
      };
      (sequence(std::integral_constant<std::size_t, i>()), ...);
    }
  };
  static ChainFunction function(std::size_t sequence, unsigned numbers) {
    static constexpr Functions functions(std::make_index_sequence<chain_sequences>{});
    return reinterpret_cast<ChainFunction>(functions.of[sequence][numbers]);
  }
  static constexpr ChainKernels kernels = {group, function, run};
};

}  // namespace

template <class A>
constinit const ChainKernels ChainTable<A>::kernels[2] = {Chain<float, A>::kernels, Chain<double, A>::kernels};
template struct ChainTable<arch::XGRAD_ARCH>;

}  // namespace xgrad::detail
