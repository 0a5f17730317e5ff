// Lifted functions against loops written by hand, compiled for the same instruction set (kernels/lift_by_hand.hpp): the
// value into memory that is there, and value and gradient. Both are run in turn, in processor time; ratios are medians,
// with the quartiles.
//     lift [ELEMENTS...]    1000, 100000 and 1000000 if none are given
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <xgrad/engine/parallel.hpp>
#include <xgrad/engine/runtime.hpp>
#include <xgrad/lift.hpp>
#include <xgrad/xgrad.hpp>

#include "kernels/lift_by_hand.hpp"
#include "side_by_side.hpp"

namespace {

using namespace xgrad;

struct Comparison {
  double lift, hand;           // microseconds, medians
  double ratio, lower, upper;  // of pairs
};

/// This thread's: what else the machine does does not count.
double microseconds_per_call(auto&& f, int calls) {
  const auto now = [] {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e6 * static_cast<double>(t.tv_sec) + 1e-3 * static_cast<double>(t.tv_nsec);
  };
  const double begin = now();
  for (int i = 0; i < calls; ++i) f();
  return (now() - begin) / calls;
}

template <class A, class B> Comparison compare(A&& lift, B&& hand, std::int64_t n) {
  const int calls = static_cast<int>(std::max<std::int64_t>(1, 300'000 / n)), pairs = 101;
  std::vector<double> lifts, hands, ratios;
  for (int i = -3; i < pairs; ++i) {
    const double a = microseconds_per_call(lift, calls), b = microseconds_per_call(hand, calls);
    if (i < 0) continue;
    lifts.push_back(a);
    hands.push_back(b);
    ratios.push_back(a / b);
  }
  std::sort(ratios.begin(), ratios.end());
  return {Spread(lifts).median, Spread(hands).median, ratios[pairs / 2], ratios[pairs / 4], ratios[3 * pairs / 4]};
}

void print(const Comparison& c) {
  fmt::print("  {:9.2f} {:9.2f}  {:5.2f} [{:.2f}, {:.2f}]", c.lift, c.hand, c.ratio, c.lower, c.upper);
}

template <class F> auto lifted() {
  if constexpr (F::inputs == 1) return lift([](auto x) { return F::value(x); });
  else if constexpr (F::inputs == 2) return lift([](auto x, auto y) { return F::value(x, y); });
  else return lift([](auto x, auto y, auto z) { return F::value(x, y, z); });
}

template <class F> Tensor call(const Lifted<F::inputs>& f, const std::vector<Tensor>& in) {
  if constexpr (F::inputs == 1) return f(in[0]);
  else if constexpr (F::inputs == 2) return f(in[0], in[1]);
  else return f(in[0], in[1], in[2]);
}

template <class F> void row(const by_hand::Loops& loops, std::int64_t n, DType dtype) {
  const auto f = lifted<F>();
  const std::int64_t columns = F::inputs == 3 ? 250 : n, rows = n / columns;
  const std::vector<Shape> shapes = {F::inputs == 3 ? Shape{rows, columns} : Shape{n}, Shape{columns},
                                     F::inputs == 3 ? Shape{rows, 1} : Shape{n}};
  Random random(1);
  std::vector<Tensor> in, variables, d;
  by_hand::Arrays arrays{rows, columns, {}, nullptr, nullptr, {}};
  const auto bytes = [](const Tensor& t) {
    return t.dtype() == float64 ? static_cast<const void*>(t.data<double>()) : t.data<float>();
  };
  for (int i = 0; i < F::inputs; ++i) {
    const auto k = static_cast<std::size_t>(i);
    in.push_back(uniform(random, shapes[k], 0.05, 0.95, dtype));
    variables.push_back(variable(in[k]));
    d.push_back(zeros(shapes[k], dtype));
    arrays.in[i] = bytes(in[k]);
    arrays.d[i] = const_cast<void*>(bytes(d[k]));
  }
  const Tensor g = uniform(random, shapes[0], -1, 1, dtype), out = zeros(shapes[0], dtype);
  arrays.g = bytes(g);
  arrays.out = const_cast<void*>(bytes(out));

  const auto wide = dtype == float64;
  loops.value[wide](arrays);
  const Tensor y = call<F>(f, in);
  const bool same = std::memcmp(bytes(y), bytes(out), static_cast<std::size_t>(n) * (wide ? 8 : 4)) == 0;
  fmt::print("{:7} {:3} {:>48}", n, wide ? "f64" : "f32", F::text);
  print(compare([&] { call<F>(f, in); }, [&] { loops.value[wide](arrays); }, n));
  if (loops.gradient[wide]) {
    const auto with_gradient = [&] {
      Tape tape;
      const Tensor z = call<F>(f, variables);
      tape.gradient(z, variables, {.seed = g});
    };
    const auto by_hand = [&] {
      loops.value[wide](arrays);
      loops.gradient[wide](arrays);
    };
    print(compare(with_gradient, by_hand, n));
  }
  fmt::print("{}\n", same ? "" : "  other bits");
}

template <class... F> void all(by_hand::List<F...>, std::int64_t n, DType dtype) {
  const by_hand::Loops* loops = by_hand::tables[detail::arch_index()]->of;
  // The functions without a gradient are for one length.
  (((loops->gradient[0] || n == 100'000) ? row<F>(*loops, n, dtype) : void(), ++loops), ...);
}

}  // namespace

int main(int argc, char** argv) {
  set_threads(1);
  std::vector<std::int64_t> lengths;
  for (int i = 1; i < argc; ++i) lengths.push_back(std::atol(argv[i]));
  if (lengths.empty()) lengths = {1000, 100'000, 1'000'000};
  fmt::print("lift, one thread, {}; microseconds lifted and by hand, and the ratio; then with the gradient\n",
             instruction_set());
  for (const std::int64_t n : lengths)
    for (const DType dtype : {float32, float64}) all(by_hand::Functions(), n, dtype);
}
