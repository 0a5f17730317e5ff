#include <xgrad/nn/recurrent.hpp>

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
  const auto leading = [](const Tensor& t) { return Shape(t.shape().begin(), t.rank() - 1); };
  if (x->rank() == 0 || h->rank() == 0 || leading(*x) != leading(*h) || c->shape() != h->shape())
    detail::fail<ShapeError>(nullptr, site, "x is {}, h is {}{}, expected (N, I) and (N, H)", to_string(x->shape()),
                             to_string(h->shape()), h == c ? "" : ", c is " + to_string(c->shape()));
  const std::int64_t rows = gates * h->shape()[h->rank() - 1];
  const auto check = [&](const char* name, const Tensor& t, int rank) {
    if (t.rank() != rank || t.shape()[0] != rows)
      detail::fail<ShapeError>(nullptr, site, "{} is {}, expected {} rows for h {}", name, to_string(t.shape()), rows,
                               to_string(h->shape()));
  };
  check("w_ih", weights.w_ih, 2);
  check("w_hh", weights.w_hh, 2);
  if (weights.b_ih.defined()) check("b_ih", weights.b_ih, 1);
  if (weights.b_hh.defined()) check("b_hh", weights.b_hh, 1);
}

/// Calls step(x_t) for x (T, N, I), and stacks what it returns.
template <class Step> Tensor each_step(const char* op, const Operand& x, Step step) {
  if (!x.tensor || !x.tensor->defined() || x.tensor->rank() != 3 || x.tensor->shape()[0] == 0)
    detail::fail<ShapeError>(op, x.site, "x is {}, expected (T, N, I) with a step or more",
                             x.tensor && x.tensor->defined() ? detail::describe(*x.tensor) : "undefined");
  const detail::SiteScope scope(op, x.site);
  std::vector<Tensor> outputs;
  for (std::int64_t t = 0; t < x.tensor->shape()[0]; ++t) outputs.push_back(step(slice(*x.tensor, {t})));
  return stack(outputs);
}

}  // namespace

Tensor rnn_cell(const Operand& x, const Operand& h, const CellWeights& weights, Nonlinearity nonlinearity) {
  const detail::SiteScope scope("rnn_cell", x.site);
  check_cell(x.site, 1, x.tensor, h.tensor, h.tensor, weights);
  const Tensor z = dense(x, weights.w_ih, weights.b_ih) + dense(h, weights.w_hh, weights.b_hh);
  return nonlinearity == Nonlinearity::relu ? relu(z) : tanh(z);
}

LstmState lstm_cell(const Operand& x, const LstmState& state, const CellWeights& weights) {
  const detail::SiteScope scope("lstm_cell", x.site);
  check_cell(x.site, 4, x.tensor, &state.h, &state.c, weights);
  const Tensor gates = dense(x, weights.w_ih, weights.b_ih) + dense(state.h, weights.w_hh, weights.b_hh);
  const std::vector<Tensor> gate = chunk(gates, 4, -1);
  const Tensor c = sigmoid(gate[1]) * state.c + sigmoid(gate[0]) * tanh(gate[2]);
  return {sigmoid(gate[3]) * tanh(c), c};
}

Tensor gru_cell(const Operand& x, const Operand& h, const CellWeights& weights) {
  const detail::SiteScope scope("gru_cell", x.site);
  check_cell(x.site, 3, x.tensor, h.tensor, h.tensor, weights);
  const std::vector<Tensor> from_x = chunk(dense(x, weights.w_ih, weights.b_ih), 3, -1),
                            from_h = chunk(dense(h, weights.w_hh, weights.b_hh), 3, -1);
  const Tensor r = sigmoid(from_x[0] + from_h[0]), z = sigmoid(from_x[1] + from_h[1]);
  const Tensor n = tanh(from_x[2] + r * from_h[2]);
  return (1 - z) * n + z * h;
}

Sequence rnn(const Operand& x, const Operand& h0, const CellWeights& weights, Nonlinearity nonlinearity) {
  Tensor h = identity(h0);
  const Tensor outputs =
      each_step("rnn", x, [&](const Tensor& at) { return h = rnn_cell(at, h, weights, nonlinearity); });
  return {outputs, h};
}

LstmSequence lstm(const Operand& x, const LstmState& state, const CellWeights& weights) {
  LstmState now = state;
  const Tensor outputs = each_step("lstm", x, [&](const Tensor& at) {
    now = lstm_cell(at, now, weights);
    return now.h;
  });
  return {outputs, now};
}

Sequence gru(const Operand& x, const Operand& h0, const CellWeights& weights) {
  Tensor h = identity(h0);
  const Tensor outputs = each_step("gru", x, [&](const Tensor& at) { return h = gru_cell(at, h, weights); });
  return {outputs, h};
}

}  // namespace xgrad::nn
