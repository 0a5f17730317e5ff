#pragma once
// Runs a rule over a loop nest: what a generated file per instruction set instantiates for every elementwise op.
#include <xgrad/engine/kernels/blocks.hpp>
#include <xgrad/engine/kernels/math.hpp>
#include <xgrad/engine/kernels/probe.hpp>

namespace xgrad::detail {

/// One operand along rows: element i is at p + i * step. One that stays is laid out in `repeated`, once for a batch.
template <class L, class Element> struct Along {
  const Element *p, *row;
  std::int64_t step, row_step;
  Element* repeated;

  void start(const Element* at, std::int64_t stride, std::int64_t row_stride, Element* buffer) noexcept {
    row = at;
    step = stride;
    row_step = row_stride;
    repeated = buffer;
    place();
  }
  void next_row() noexcept {
    if (row_step == 0) return;
    row += row_step;
    place();
  }
  void place() noexcept {
    p = row;
    if (step != 0 || L::width == 1) return;
    L::repeat(*row, repeated);
    p = repeated;
  }
  L at(std::int64_t i) const noexcept { return L::load(p + i * step); }
  L at(std::int64_t i, std::int64_t count) const noexcept { return step == 0 ? L::load(p) : L::load(p + i, count); }
};

/// An operand that the rule does not read.
template <class L> struct Unread {
  void next_row() const noexcept {}
  L at(std::int64_t, std::int64_t = 0) const noexcept { return 0; }
};

inline constexpr int value = -1;

/// The value of a rule (input == value) or its derivative for an input, along rows of T.
template <class Rule, class T, class A, int input> struct Evaluation {
  static constexpr bool is_value = input == value;
  static constexpr unsigned reads = [] {
    if constexpr (is_value) return (2u << input_count<Rule>)-2;
    else return DerivativeProbe<Rule, input>::reads;
  }();
  static constexpr int first_operand = is_value ? 0 : 1;  // of the loop, for slot 0; slots are g, a, b, c, y
  static constexpr unsigned operands = reads << first_operand | 1;

  using L = Lane<T, A>;
  template <int slot, class S = L, class Element = T>
  using Source = std::conditional_t<(reads >> slot & 1) != 0, Along<S, Element>, Unread<L>>;
  Source<0> g;
  std::conditional_t<takes_mask<Rule>, Source<1, LaneMask<T, A>, std::uint8_t>, Source<1>> a;
  Source<2> b;
  Source<3> c;
  Source<4> y;

  using Buffer = T[5][L::width];
  [[gnu::always_inline]] void start(const Loop& loop, const void* const* in, const std::int64_t* offset,
                                    Buffer& buffer) noexcept {
    const int last = loop.axes - 1;
    const auto begin = [&]<class S, class Element>(Along<S, Element>& source, int slot) {
      const int k = slot + first_operand;
      source.start(static_cast<const Element*>(in[k - 1]) + offset[k], loop.stride[k][last],
                   last > 0 ? loop.stride[k][last - 1] : 0, reinterpret_cast<Element*>(buffer[slot]));
    };
    if constexpr (reads & probe_g) begin(g, 0);
    if constexpr (reads & probe_a) begin(a, 1);
    if constexpr (reads & probe_b) begin(b, 2);
    if constexpr (reads & probe_c) begin(c, 3);
    if constexpr (reads & probe_y) begin(y, 4);
  }
  void next_row() noexcept { g.next_row(), a.next_row(), b.next_row(), c.next_row(), y.next_row(); }

  template <class... Count> auto at(std::int64_t i, Count... count) const noexcept {
    if constexpr (is_value) return value_of<Rule>(a.at(i, count...), b.at(i, count...), c.at(i, count...));
    else
      return derivative_of<Rule, input>(g.at(i, count...), a.at(i, count...), b.at(i, count...), c.at(i, count...),
                                        y.at(i, count...));
  }
};

template <class Rule, class T, class A, int input>
void elementwise_kernel(const Loop& loop, void* out, const void* const* in, [[maybe_unused]] bool accumulate) {
  using Run = Evaluation<Rule, T, A, input>;
  constexpr bool is_mask = input == value && ValueProbe<Rule>::is_mask;
  using L = std::conditional_t<is_mask, LaneMask<T, A>, Lane<T, A>>;
  using Out = std::conditional_t<is_mask, std::uint8_t, T>;
  const int last = loop.axes - 1;
  const std::int64_t n = loop.extent[last], rows = last > 0 ? loop.extent[last - 1] : 1;
  const std::int64_t row_step = last > 0 ? loop.stride[0][last - 1] : 0;
  Blocks<A> blocks;
  alignas(64) typename Run::Buffer buffer;
  if (rows == 0 || (last > 1 && !blocks.start(loop))) return;
  do {
    Run run;
    run.start(loop, in, blocks.offset, buffer);
    Out* to = static_cast<Out*>(out) + blocks.offset[0];
    for (std::int64_t row = 0;;) {
      const auto put = [&](std::int64_t i, auto... count) {
        L result = run.at(i, count...);
        if constexpr (input != value)
          if (accumulate) result = L::load(to + i, count...) + result;
        result.store(to + i, count...);
      };
      std::int64_t i = 0;
      for (; i + L::width <= n; i += L::width) put(i);
      if (i < n) put(i, n - i);
      if (++row == rows) break;
      to += row_step;
      run.next_row();
    }
  } while (last > 1 && blocks.next(loop, Run::operands));
}

/// 0-d: plain arithmetic on the numbers themselves, functions by way of a batch, whose bits differ from libm's.
template <class T, class A, Form form> using ZeroD = Lane<T, std::conditional_t<form == Form::functions, A, Scalar<A>>>;

template <class T, class A> double first_of(Lane<T, Scalar<A>> lane) noexcept { return static_cast<double>(lane.v); }
template <class T, class A> double first_of(Lane<T, A> lane) noexcept {
  T lanes[Lane<T, A>::width];
  lane.store(lanes);
  return static_cast<double>(lanes[0]);
}
template <class T, class A> double first_of(LaneMask<T, Scalar<A>> mask) noexcept { return mask.v; }

template <class Rule, class T, class A> double scalar_of(T a, T b) {
  using L = ZeroD<T, A, ValueProbe<Rule>::form>;
  return first_of(value_of<Rule>(L(a), L(b), L(T{0})));
}

/// What the derivatives of a rule read, together.
template <class Rule> constexpr unsigned derivative_reads() {
  unsigned reads = 0;
  if constexpr (has_derivative<Rule, 0>) reads |= DerivativeProbe<Rule, 0>::reads;
  if constexpr (has_derivative<Rule, 1>) reads |= DerivativeProbe<Rule, 1>::reads;
  return reads;
}

template <class Rule, class T, class A> double scalar_value(double a, double b, [[maybe_unused]] double* saved) {
  constexpr unsigned reads = derivative_reads<Rule>();
  const T first = static_cast<T>(a), second = static_cast<T>(b);
  const double y = scalar_of<Rule, T, A>(first, second);
  if constexpr (reads & probe_a) *saved++ = static_cast<double>(first);
  if constexpr (reads & probe_b) *saved++ = static_cast<double>(second);
  if constexpr ((reads & probe_y) && !((reads & probe_a) && (reads & probe_b))) *saved = y;
  return y;
}

template <class Rule, class T, class A, int input> double scalar_derivative(T g, T a, T b, T y) {
  if constexpr (has_derivative<Rule, input>) {
    using L = ZeroD<T, A, DerivativeProbe<Rule, input>::form>;
    return first_of(L(derivative_of<Rule, input>(L(g), L(a), L(b), L(T{0}), L(y))));
  } else {
    return 0;
  }
}

template <class Rule, class T, class A> ScalarPair scalar_grad(double g, [[maybe_unused]] const double* saved) {
  constexpr unsigned reads = derivative_reads<Rule>();
  T a{}, b{}, y{};
  if constexpr (reads & probe_a) a = static_cast<T>(*saved++);
  if constexpr (reads & probe_b) b = static_cast<T>(*saved++);
  if constexpr (reads & probe_y) {
    if constexpr ((reads & probe_a) && (reads & probe_b)) y = static_cast<T>(scalar_of<Rule, T, A>(a, b));
    else y = static_cast<T>(*saved);
  }
  const T upstream = static_cast<T>(g);
  return {scalar_derivative<Rule, T, A, 0>(upstream, a, b, y), scalar_derivative<Rule, T, A, 1>(upstream, a, b, y)};
}

template <class Rule, class T, class A, int input> constexpr ElementwiseKernel derivative_kernel() {
  if constexpr (has_derivative<Rule, input>) return elementwise_kernel<Rule, T, A, input>;
  else return nullptr;
}

template <class Rule, class A> constexpr ElementwiseKernels make_elementwise_kernels() {
  ElementwiseKernels k = {{},
                          {{derivative_kernel<Rule, float, A, 0>(), derivative_kernel<Rule, double, A, 0>()},
                           {derivative_kernel<Rule, float, A, 1>(), derivative_kernel<Rule, double, A, 1>()},
                           {derivative_kernel<Rule, float, A, 2>(), derivative_kernel<Rule, double, A, 2>()}},
                          {},
                          {}};
  if constexpr (takes_floats<Rule>) {
    k.value[0] = elementwise_kernel<Rule, float, A, value>;
    k.value[1] = elementwise_kernel<Rule, double, A, value>;
  }
  if constexpr (takes_integers<Rule>) k.value[2] = elementwise_kernel<Rule, std::int64_t, Scalar<A>, value>;
  if constexpr (takes_booleans<Rule>) k.value[3] = elementwise_kernel<Rule, std::uint8_t, Scalar<A>, value>;
  if constexpr (takes_floats<Rule> && input_count<Rule> < 3) {
    k.scalar_value[0] = scalar_value<Rule, float, A>, k.scalar_value[1] = scalar_value<Rule, double, A>;
    k.scalar_grad[0] = scalar_grad<Rule, float, A>, k.scalar_grad[1] = scalar_grad<Rule, double, A>;
  }
  return k;
}

template <class Rule, class A>
constinit const ElementwiseKernels ElementwiseTable<Rule, A>::kernels = make_elementwise_kernels<Rule, A>();

}  // namespace xgrad::detail
