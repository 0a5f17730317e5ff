#include <xgrad/nn/layers/recurrent.hpp>

#include <utility>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/xgrad.hpp>

namespace xgrad::nn {
namespace {

Tensor dense(const Operand& x, const Tensor& weight, const Tensor& bias) {
  return bias.defined() ? linear(x, weight, bias) : linear(x, weight);
}

/// Refuses what broadcasting would make a state of another shape.
void check_cell(Site site, std::int64_t gates, const Tensor* x, const Tensor* h, const Tensor* c,
                const CellWeights& weights) {
  for (const Tensor* t : {x, h, c, &weights.w_ih, &weights.w_hh})
    if (!t || !t->defined()) return;  // the products say so
  const bool projected = weights.w_hr.defined();
  const auto leading = [](const Tensor& t) { return Shape(t.shape().begin(), t.rank() - 1); };
  if (x->rank() == 0 || h->rank() == 0 || leading(*x) != leading(*h) || c->rank() != h->rank() ||
      (projected ? leading(*c) != leading(*h) : c->shape() != h->shape()))
    detail::fail<ShapeError>(nullptr, site, "x is {}, h is {}{}, expected (N, I) and (N, {})", to_string(x->shape()),
                             to_string(h->shape()), h == c ? "" : ", c is " + to_string(c->shape()),
                             projected ? "P), (N, H" : "H");
  const std::int64_t units = c->shape()[c->rank() - 1], rows = gates * units;
  const auto check = [&](const char* name, const Tensor& t, int rank) {
    if (t.rank() != rank || t.shape()[0] != rows)
      detail::fail<ShapeError>(nullptr, site, "{} is {}, expected {} rows for {} {}", name, to_string(t.shape()), rows,
                               projected ? "c" : "h", to_string(c->shape()));
  };
  if (const Shape expected{h->shape()[h->rank() - 1], units}; projected && weights.w_hr.shape() != expected)
    detail::fail<ShapeError>(nullptr, site, "w_hr is {}, expected {} for h {} and c {}",
                             to_string(weights.w_hr.shape()), to_string(expected), to_string(h->shape()),
                             to_string(c->shape()));
  check("w_ih", weights.w_ih, 2);
  check("w_hh", weights.w_hh, 2);
  if (weights.b_ih.defined()) check("b_ih", weights.b_ih, 1);
  if (weights.b_hh.defined()) check("b_hh", weights.b_hh, 1);
}

/// The same for a sequence x (T, N, I), of a step or more.
void check_sequence(const char* op, const Operand& x, std::int64_t gates, const Operand& h, const Tensor* c,
                    const CellWeights& weights) {
  if (!x.tensor || !x.tensor->defined() || x.tensor->rank() != 3 || x.tensor->shape()[0] == 0)
    detail::fail<ShapeError>(op, x.site, "x is {}, expected (T, N, I) with a step or more",
                             x.tensor && x.tensor->defined() ? detail::describe(*x.tensor) : "undefined");
  const detail::SiteScope scope(op, x.site);
  const Tensor first = slice(*x.tensor, {0}).detach();
  check_cell(x.site, gates, &first, h.tensor, c ? c : h.tensor, weights);
}

/// The states after each step, for step(what comes from x, the state before); all that comes from x is one product.
template <class Step> Sequence each_step(const Operand& x, const Operand& h0, const CellWeights& weights, Step step) {
  static thread_local std::vector<Tensor> spare;  // the list's memory, so that a training step does not call the heap
  const Tensor from_x = dense(x, weights.w_ih, weights.b_ih);
  Tensor h = identity(h0);
  std::vector<Tensor> outputs = std::exchange(spare, {});
  for (std::int64_t t = 0; t < from_x.shape()[0]; ++t) outputs.push_back(h = step(slice(from_x, {t}), h));
  Sequence sequence{stack(outputs), h};
  outputs.clear();
  spare = std::move(outputs);
  return sequence;
}

Tensor rnn_step(const Tensor& from_x, const Operand& h, const CellWeights& weights, Nonlinearity nonlinearity) {
  const Tensor z = from_x + dense(h, weights.w_hh, weights.b_hh);
  return nonlinearity == Nonlinearity::relu ? relu(z) : tanh(z);
}

/// Of blocks side by side, as the gates are, `count` from `first` on, each of `units` columns.
Tensor blocks(const Tensor& t, std::int64_t units, std::int64_t first, std::int64_t count) {
  Slice of_axis[max_rank];
  of_axis[t.rank() - 1] = {first * units, (first + count) * units};
  return slice(t, of_axis, static_cast<std::size_t>(t.rank()));
}

LstmState lstm_step(const Tensor& from_x, const LstmState& state, const CellWeights& weights) {
  const Tensor gates = from_x + dense(state.h, weights.w_hh, weights.b_hh);
  const std::int64_t units = gates.shape()[gates.rank() - 1] / 4;
  const auto gate = [&](std::int64_t i) { return blocks(gates, units, i, 1); };
  const Tensor c = sigmoid(gate(1)) * state.c + sigmoid(gate(0)) * tanh(gate(2)), h = sigmoid(gate(3)) * tanh(c);
  return {weights.w_hr.defined() ? linear(h, weights.w_hr) : h, c};
}

Tensor gru_step(const Tensor& from_x, const Operand& h, const CellWeights& weights) {
  const Tensor from_h = dense(h, weights.w_hh, weights.b_hh);
  const auto part = [units = from_h.shape()[from_h.rank() - 1] / 3](const Tensor& t, std::int64_t first,
                                                                    std::int64_t count) {
    return blocks(t, units, first, count);
  };
  const Tensor rz = sigmoid(part(from_x, 0, 2) + part(from_h, 0, 2)), r = part(rz, 0, 1), z = part(rz, 1, 1);
  const Tensor n = tanh(part(from_x, 2, 1) + r * part(from_h, 2, 1));
  return (1 - z) * n + z * h;
}

}  // namespace

Tensor rnn_cell(const Operand& x, const Operand& h, const CellWeights& weights, Nonlinearity nonlinearity) {
  const detail::SiteScope scope("rnn_cell", x.site);
  check_cell(x.site, 1, x.tensor, h.tensor, h.tensor, weights);
  return rnn_step(dense(x, weights.w_ih, weights.b_ih), h, weights, nonlinearity);
}

LstmState lstm_cell(const Operand& x, const LstmState& state, const CellWeights& weights) {
  const detail::SiteScope scope("lstm_cell", x.site);
  check_cell(x.site, 4, x.tensor, &state.h, &state.c, weights);
  return lstm_step(dense(x, weights.w_ih, weights.b_ih), state, weights);
}

Tensor gru_cell(const Operand& x, const Operand& h, const CellWeights& weights) {
  const detail::SiteScope scope("gru_cell", x.site);
  check_cell(x.site, 3, x.tensor, h.tensor, h.tensor, weights);
  return gru_step(dense(x, weights.w_ih, weights.b_ih), h, weights);
}

Sequence rnn(const Operand& x, const Operand& h0, const CellWeights& weights, Nonlinearity nonlinearity) {
  check_sequence("rnn", x, 1, h0, nullptr, weights);
  const detail::SiteScope scope("rnn", x.site);
  return each_step(x, h0, weights,
                   [&](const Tensor& from_x, const Tensor& h) { return rnn_step(from_x, h, weights, nonlinearity); });
}

LstmSequence lstm(const Operand& x, const LstmState& state, const CellWeights& weights) {
  const Operand h(state.h, x.site.file, x.site.line);
  check_sequence("lstm", x, 4, h, &state.c, weights);
  const detail::SiteScope scope("lstm", x.site);
  if (weights.w_hr.defined()) {
    LstmState now = state;
    Sequence s = each_step(x, h, weights, [&](const Tensor& from_x, const Tensor&) {
      now = lstm_step(from_x, now, weights);
      return now.h;
    });
    return {std::move(s.outputs), std::move(now)};
  }
  const LstmStates states = xgrad::lstm(x, h, state.c, weights.w_ih, weights.w_hh, weights.b_ih, weights.b_hh);
  return {states.h, {slice(states.h, {-1}), states.c}};
}

Sequence gru(const Operand& x, const Operand& h0, const CellWeights& weights) {
  check_sequence("gru", x, 3, h0, nullptr, weights);
  const detail::SiteScope scope("gru", x.site);
  return each_step(x, h0, weights, [&](const Tensor& from_x, const Tensor& h) { return gru_step(from_x, h, weights); });
}

}  // namespace xgrad::nn
