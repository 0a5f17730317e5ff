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
  return op < ChainOp::add ? 0 : op < ChainOp::add_product ? 1 : op < ChainOp::first_if_greater ? 2 : 3;
}

/// What takes so many instructions that they should be there once.
constexpr bool is_function(ChainOp op) {
  return (op > ChainOp::exp && op <= ChainOp::normal_cdf) || op == ChainOp::pow || op == ChainOp::pow_of;
}

template <class T, class A> struct Chain {
  using L = Lane<T, A>;
  using R = typename L::Value::register_type;
  static constexpr int batches = 8;  // as many as the calling conventions of x86-64 and arm64 pass in registers
  /// Read and written one by one: a wide load would wait until the narrow stores before it have left the processor.
  using Offset = volatile std::int64_t;
  using Function = void (*)(const ChainStep*, Offset*, R, R, R, R, R, R, R, R);

  /// The operand of batch i.
  template <int which, ChainOp op, unsigned numbers> static L operand(const T* p, int i) noexcept {
    if constexpr (which >= operands_of(op)) return 0;
    else if constexpr (numbers >> which & 1) return *p;
    else return L::load(p + i * L::width);
  }

  template <ChainOp op, unsigned numbers>
  static void step(const ChainStep* s, Offset* offset, R r0, R r1, R r2, R r3, R r4, R r5, R r6, R r7) {
    L r[] = {L(r0), L(r1), L(r2), L(r3), L(r4), L(r5), L(r6), L(r7)};
    const T* at[3] = {};
    for (int i = 0; i < operands_of(op); ++i)
      at[i] = reinterpret_cast<const T*>(s->operand[i].base + offset[s->operand[i].moves]);
    const auto batch = [&](int i) {
      if constexpr (op == ChainOp::store) r[i].store(const_cast<T*>(at[0]) + i * L::width);
      else
        r[i] = as_number(compute<op>(r[i], operand<0, op, numbers>(at[0], i), operand<1, op, numbers>(at[1], i),
                                     operand<2, op, numbers>(at[2], i)));
    };
    if constexpr (is_function(op)) {
#pragma GCC unroll 1
      for (int i = 0; i < batches; ++i) batch(i);
    } else {
#pragma GCC unroll 8
      for (int i = 0; i < batches; ++i) batch(i);
    }
    ++s;
    reinterpret_cast<Function>(s->function)(s, offset, r[0].v, r[1].v, r[2].v, r[3].v, r[4].v, r[5].v, r[6].v, r[7].v);
  }

  static void end(const ChainStep*, Offset*, R, R, R, R, R, R, R, R) {}
  static constexpr std::int64_t group = batches * L::width;

  static void run(const ChainStep* steps, const std::int64_t* start, const std::int64_t* step, std::int64_t n) {
    Offset offset[chain_offsets];
    for (int i = 0; i < chain_offsets; ++i) offset[i] = start[i];
    int moving = chain_offsets;  // so many offsets, from the first one on
    while (moving > 1 && step[moving - 1] == 0) --moving;
    const R r = L(0).v;
    for (std::int64_t done = 0;;) {
      reinterpret_cast<Function>(steps->function)(steps, offset, r, r, r, r, r, r, r, r);
      done += group;
      if (done >= n) break;
      const std::int64_t further = done + group <= n ? group : n - done;
      for (int i = 1; i < moving; ++i) offset[i] = offset[i] + step[i] * further;
      done += further - group;
    }
    // Compilers think that what took wide registers has done this; code without AVX after it would be slow.
#ifdef __AVX__
    _mm256_zeroupper();
#endif
  }

  using Table = Function[chain_ops][8];
  template <int op, unsigned numbers = 0> static constexpr void fill(Table& table) {
    constexpr ChainOp code{op};
    table[op][numbers] = step<code, numbers>;
    if constexpr (numbers + 1 < 1u << operands_of(code) && code != ChainOp::store) fill<op, numbers + 1>(table);
    else if constexpr (op + 1 < chain_ops) fill<op + 1>(table);
  }
  struct Functions {
    Table of;
    constexpr Functions() : of{} {
      fill<1>(of);
      of[0][0] = end;
    }
  };
  static ChainFunction function(ChainOp op, unsigned numbers) {
    static constexpr Functions functions;
    return reinterpret_cast<ChainFunction>(functions.of[static_cast<int>(op)][numbers]);
  }
  static constexpr ChainKernels kernels = {group, function, run};
};

}  // namespace

template <class A>
constinit const ChainKernels ChainTable<A>::kernels[2] = {Chain<float, A>::kernels, Chain<double, A>::kernels};
template struct ChainTable<arch::XGRAD_ARCH>;

}  // namespace xgrad::detail
