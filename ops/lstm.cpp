#include <xgrad/ops/lstm.hpp>

#include <xgrad/engine/internal/arrays.hpp>
#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/engine/internal/product.hpp>
#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/kernels.hpp>
#include <xgrad/ops/internal/plain.hpp>
#include <xgrad/ops/kernels/lstm.hpp>
#include <xgrad/ops/linear.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/sigmoid.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/stack.hpp>
#include <xgrad/ops/tanh.hpp>

#include <algorithm>
#include <vector>

namespace xgrad {
namespace {

using namespace detail;

enum { x_in, h_in, c_in, w_ih_in, w_hh_in, biases };

/// How many of what there are.
struct Extents {
  i64 steps, rows, features, units;
  i64 gates() const noexcept { return 4 * units; }
  i64 state() const noexcept { return rows * units; }
};

// The op's result is one array, all h and then the last c: (T + 1, N, H). Kept beside it: the gates of all steps
// (T, N, 4 H), then each step's c (T, N, H).

/// f(first row, rows) for parts of the batch, which go through all steps by themselves, as long as the weights stay in
/// a cache.
template <class F> void each_part(const Extents& n, F f) {
  constexpr i64 few = 16, in_cache = i64{1} << 18;
  const i64 step = n.gates() * n.units <= in_cache ? few : std::max<i64>(1, n.rows);
  parallel_for((n.rows + step - 1) / step, [&](i64 part) { f(part * step, std::min(step, n.rows - part * step)); });
}

/// What the next step reads, from memory that is far by then.
template <class T> void fetch(const T* from, i64 n) noexcept {
  for (i64 i = 0; i < n; i += 64 / i64{sizeof(T)}) __builtin_prefetch(from + i, 0, 2);
}

/// Pointers: all h and the last c, what is kept; x, the first h and c, w_ih, w_hh, and up to two biases.
template <class T> void forward(const Extents& n, int bias_count, Pointers p) {
  const auto in = [p](int i) { return static_cast<const T*>(p[2 + i]); };
  T *const h = static_cast<T*>(p[0]), *const gates = static_cast<T*>(p[1]);
  const DType dtype = dtype_of<T>;
  const Tensor both = new_array(dtype, {bias_count > 1 ? n.gates() : 0});
  const T* bias = bias_count > 0 ? in(biases) : nullptr;
  if (bias_count > 1) {
    T* const sum = static_cast<T*>(Access::body(both)->data);
    std::copy_n(bias, n.gates(), sum);
    add_into(dtype, sum, in(biases + 1), n.gates());
    bias = sum;
  }
  product(dtype, false, true, n.steps * n.rows, n.gates(), n.features, in(x_in), n.features, in(w_ih_in), n.features,
          gates, n.gates(), false, bias);
  T* const c = gates + n.steps * n.rows * n.gates();
  const PackedFactor w_hh(dtype, true, n.gates(), n.units, in(w_hh_in), n.units);
  each_part(n, [&](i64 row, i64 rows) {
    const i64 state = row * n.units;
    const T *last_h = in(h_in) + state, *last_c = in(c_in) + state;
    for (i64 step = 0; step < n.steps; ++step) {
      T *const z = gates + (step * n.rows + row) * n.gates(), *const next_c = c + step * n.state() + state,
               *const next_h = h + step * n.state() + state;
      if (step + 1 < n.steps) fetch(z + n.rows * n.gates(), rows * n.gates());
      w_hh.multiply(rows, last_h, n.units, z, n.gates(), true);
      kernels_of<LstmTable, T>().step(z, last_c, next_c, next_h, rows, n.units);
      last_h = next_h, last_c = next_c;
    }
    std::copy_n(last_c, rows * n.units, h + n.steps * n.state() + state);
  });
}

/// The gradients of the gates' arguments, for all steps; last those of the first h and c. Pointers: these three; what
/// is kept, the first c, w_hh, g.
template <class T> void through_steps(const Extents& n, Pointers p) {
  const auto in = [p](int i) { return static_cast<const T*>(p[i]); };
  T *const grad_gates = static_cast<T*>(p[0]), *const grad_h = static_cast<T*>(p[1]),
           *const grad_c = static_cast<T*>(p[2]);
  const T *const gates = in(3), *const c = gates + n.steps * n.rows * n.gates(), *const first_c = in(4),
                 *const g = in(6);
  const PackedFactor w_hh(dtype_of<T>, false, n.units, n.gates(), in(5), n.units);
  each_part(n, [&](i64 row, i64 rows) {
    const i64 state = row * n.units, count = rows * n.units;
    T *const dh = grad_h + state, *const dc = grad_c + state;
    std::fill_n(dh, count, T{0});
    std::copy_n(g + n.steps * n.state() + state, count, dc);
    for (i64 step = n.steps; step-- > 0;) {
      const i64 at = (step * n.rows + row) * n.gates();
      const T* const c_at = c + step * n.state() + state;
      kernels_of<LstmTable, T>().step_grad(gates + at, step > 0 ? c_at - n.state() : first_c + state, c_at,
                                           g + step * n.state() + state, dh, dc, grad_gates + at, rows, n.units);
      if (step > 0) fetch(gates + at - n.rows * n.gates(), rows * n.gates());
      w_hh.multiply(rows, grad_gates + at, n.gates(), dh, n.units, false);
    }
  });
}

void backward(Vjp& d) {
  const Extents n = d.attributes<Extents>();
  const DType dtype = d.grad().dtype();
  const Tensor grad_gates = new_array(dtype, {n.steps * n.rows, n.gates()}), grad_h = new_array(dtype, d.shape(h_in)),
               grad_c = new_array(dtype, d.shape(c_in)), kept = d.extra(), first_c = d.in(c_in), w_hh = d.in(w_hh_in);
  launch(
      {writes(grad_gates), writes(grad_h), writes(grad_c), reads(kept), reads(first_c), reads(w_hh), reads(d.grad())},
      [dtype, n](Pointers p) { (dtype == DType::float32 ? through_steps<float> : through_steps<double>)(n, p); });
  const i64 all = n.steps * n.rows;
  const auto add_product = [&](const Elements& to, bool transposed, i64 m, i64 columns, i64 k, const Tensor& right) {
    launch({to, reads(grad_gates), reads(right)},
           [=, gates = n.gates(), add = to.access == Elements::updates](Pointers p) {
             product(dtype, transposed, false, m, columns, k, p[1], gates, p[2], columns, p[0], columns, add);
           });
  };
  if (const Elements to = d.gradient(x_in); to.data) add_product(to, false, all, n.features, n.gates(), d.in(w_ih_in));
  if (const Elements to = d.gradient(w_ih_in); to.data) add_product(to, true, n.gates(), n.features, all, d.in(x_in));
  if (const Elements to = d.gradient(w_hh_in); to.data) {
    add_product(to, true, n.gates(), n.units, n.steps > 0 ? n.rows : 0, d.in(h_in));
    if (n.steps > 1)  // the later steps, with the h before each
      launch({Elements{to.data, to.body, Elements::updates}, reads(grad_gates), reads(d.out())},
             [dtype, n, k = all - n.rows, skipped = n.rows * n.gates() * item_size(dtype)](Pointers p) {
               product(dtype, true, false, n.gates(), n.units, k, static_cast<const char*>(p[1]) + skipped, n.gates(),
                       p[2], n.units, p[0], n.units, true);
             });
  }
  if (d.count() > biases) {
    const Tensor grad_bias = sum_to(grad_gates, {n.gates()});
    for (int i = biases; i < d.count(); ++i) d.add(i, grad_bias);
  }
  d.add(h_in, grad_h);
  d.add(c_in, grad_c);
}

Tensor step_by_step(const FusedInputs& in, const Vjp&) {
  const Tensor &x = in[x_in], &b_ih = in[biases], &b_hh = in[biases + 1];
  Tensor h = in[h_in], c = in[c_in];
  const i64 units = h.shape()[1];
  std::vector<Tensor> states;
  for (i64 step = 0; step < x.shape()[0]; ++step) {
    const Tensor at = slice(x, {step});
    const Tensor z = (b_ih.defined() ? linear(at, in[w_ih_in], b_ih) : linear(at, in[w_ih_in])) +
                     (b_hh.defined() ? linear(h, in[w_hh_in], b_hh) : linear(h, in[w_hh_in]));
    const auto gate = [&](i64 k) { return slice(z, {{}, {k * units, (k + 1) * units}}); };
    c = sigmoid(gate(1)) * c + sigmoid(gate(0)) * tanh(gate(2));
    h = sigmoid(gate(3)) * tanh(c);
    states.push_back(h);
  }
  states.push_back(c);
  return stack(states);
}

constexpr Reads read = reads_inputs(7) | reads_extra | reads_output;
const Op op{.name = "lstm", .reads = {read, read, read, read, read, read, read}, .vjp = [](Vjp& d) {
              if (d.recording()) return plain_vjp(d, step_by_step);
              backward(d);
            }};

Extents checked(const Call& call) {
  call.floating();
  const Shape &x = call.shape(x_in), &h = call.shape(h_in);
  if (x.rank() != 3) call.fail<ShapeError>("x is {}, expected (T, N, I)", to_string(x));
  if (h.rank() != 2 || h[0] != x[1] || call.shape(c_in) != h)
    call.fail<ShapeError>("h is {}, c is {}, expected ({}, H) for x {}", to_string(h), to_string(call.shape(c_in)),
                          x[1], to_string(x));
  const Extents n{x[0], x[1], x[2], h[1]};
  const auto check = [&](const char* name, int input, const Shape& expected) {
    if (call.shape(input) != expected)
      call.fail<ShapeError>("{} is {}, expected {} for x {} and h {}", name, to_string(call.shape(input)),
                            to_string(expected), to_string(x), to_string(h));
  };
  check("w_ih", w_ih_in, {n.gates(), n.features});
  check("w_hh", w_hh_in, {n.gates(), n.units});
  for (int i = biases; i < call.count(); ++i) check("a bias", i, {n.gates()});
  return n;
}

LstmStates run(Call&& call) {
  const Extents n = checked(call);
  const CallScope scope(call);
  const DType dtype = call.in(0).dtype();
  Output out(dtype, {n.steps + 1, n.rows, n.units}), kept(dtype, {5, n.steps, n.rows, n.units});
  const auto bias = [&](int i) { return i < call.count() ? reads(call.in(i)) : Elements(); };
  launch({writes(out), writes(kept), reads(call.in(x_in)), reads(call.in(h_in)), reads(call.in(c_in)),
          reads(call.in(w_ih_in)), reads(call.in(w_hh_in)), bias(biases), bias(biases + 1)},
         [dtype, n, bias_count = call.count() - biases](Pointers p) {
           (dtype == DType::float32 ? forward<float> : forward<double>)(n, bias_count, p);
         });
  const Tensor states = call.record(out.finish(), n, kept.finish());
  return {slice(states, {{0, n.steps}}), slice(states, {n.steps})};
}

}  // namespace

LstmStates lstm(const Operand& x, const Operand& h, const Operand& c, const Operand& w_ih, const Operand& w_hh,
                const Tensor& b_ih, const Tensor& b_hh) {
  const Operand bias(b_ih.defined() ? b_ih : b_hh), other(b_hh);
  if (b_ih.defined() && b_hh.defined()) return run(Call(op, x, h, c, w_ih, w_hh, bias, other));
  if (bias.tensor->defined()) return run(Call(op, x, h, c, w_ih, w_hh, bias));
  return run(Call(op, x, h, c, w_ih, w_hh));
}

}  // namespace xgrad
