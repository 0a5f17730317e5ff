#include <xgrad/nn/layers/rnn.hpp>

#include <cmath>

#include <xgrad/nn/layers/internal/start.hpp>
#include <xgrad/xgrad.hpp>

namespace xgrad::nn {
namespace {

using detail::fail;

void cell_members(Members& m, CellParameters& cell, const std::string& suffix = {}) {
  m("weight_ih" + suffix, cell.weight_ih);
  m("weight_hh" + suffix, cell.weight_hh);
  m("bias_ih" + suffix, cell.bias_ih);
  m("bias_hh" + suffix, cell.bias_hh);
  m("weight_hr" + suffix, cell.weight_hr);
}

/// A cell's first state where none is given: zeros for as many rows as x has.
Tensor state_or_zeros(const Tensor& given, const Operand& x, const CellParameters& cell) {
  if (given.defined()) return given;
  const Shape shape = layers::shape_of(x);
  Shape state = shape.rank() == 0 ? Shape() : Shape(shape.begin(), shape.rank() - 1);
  state.push_back(cell.weight_hh.shape()[1]);
  return zeros(state, cell.weight_hh.dtype());
}

Operand at(const Tensor& t, Site site) { return Operand(t, site.file, site.line); }

}  // namespace

CellParameters::CellParameters(const char* layer, std::int64_t gates, std::int64_t in, std::int64_t hidden, bool bias,
                               Random& random, DType dtype, Site site, std::int64_t projected) {
  layers::check_least(layer, 1, {{"in", in}, {"hidden", hidden}}, site);
  const double k = 1 / std::sqrt(static_cast<double>(hidden));
  weight_ih = layers::uniform_within(k, random, {gates * hidden, in}, dtype, site);
  weight_hh = layers::uniform_within(k, random, {gates * hidden, projected > 0 ? projected : hidden}, dtype, site);
  if (projected > 0) weight_hr = layers::uniform_within(k, random, {projected, hidden}, dtype, site);
  if (!bias) return;
  bias_ih = layers::uniform_within(k, random, {gates * hidden}, dtype, site);
  bias_hh = layers::uniform_within(k, random, {gates * hidden}, dtype, site);
}

RNNCell::RNNCell(std::int64_t in, std::int64_t hidden, Random& random, const CellOptions& options, Site site)
    : cell("RNNCell", 1, in, hidden, options.bias, random, options.dtype, site), nonlinearity_(options.nonlinearity) {}
Tensor RNNCell::forward(const Operand& x, const Tensor& h) {
  const Tensor start = state_or_zeros(h, x, cell);
  return rnn_cell(x, at(start, x.site), cell.weights(), nonlinearity_);
}
void RNNCell::members(Members& m) { cell_members(m, cell); }

LSTMCell::LSTMCell(std::int64_t in, std::int64_t hidden, Random& random, const CellOptions& options, Site site)
    : cell("LSTMCell", 4, in, hidden, options.bias, random, options.dtype, site) {}
LstmState LSTMCell::forward(const Operand& x, const LstmState& state) {
  return lstm_cell(x, {state_or_zeros(state.h, x, cell), state_or_zeros(state.c, x, cell)}, cell.weights());
}
void LSTMCell::members(Members& m) { cell_members(m, cell); }

GRUCell::GRUCell(std::int64_t in, std::int64_t hidden, Random& random, const CellOptions& options, Site site)
    : cell("GRUCell", 3, in, hidden, options.bias, random, options.dtype, site) {}
Tensor GRUCell::forward(const Operand& x, const Tensor& h) {
  const Tensor start = state_or_zeros(h, x, cell);
  return gru_cell(x, at(start, x.site), cell.weights());
}
void GRUCell::members(Members& m) { cell_members(m, cell); }

Recurrent::Recurrent(Kind kind, std::int64_t in, std::int64_t hidden, Random& random, const RecurrentOptions& options,
                     Site site)
    : kind_(kind),
      in_(in),
      hidden_(hidden),
      given_(options.proj_size > 0 ? options.proj_size : hidden),
      options_(options) {
  const char* const name = kind == Kind::rnn ? "RNN" : kind == Kind::lstm ? "LSTM" : "GRU";
  layers::check_least(name, 1, {{"in", in}, {"hidden", hidden}, {"num_layers", options.num_layers}}, site);
  layers::check_probability(name, "dropout", options.dropout, site);
  if (const std::int64_t p = options.proj_size; p < 0 || p >= hidden || (p > 0 && kind != Kind::lstm))
    fail<ValueError>(name, site, "proj_size is {}, expected {}", p,
                     kind == Kind::lstm ? "0 to " + std::to_string(hidden - 1) : "0: only an LSTM has one");
  const std::int64_t directions = options.bidirectional ? 2 : 1;
  const std::int64_t gates = kind == Kind::rnn ? 1 : kind == Kind::lstm ? 4 : 3;
  cells.reserve(static_cast<std::size_t>(options.num_layers * directions));
  for (std::int64_t i = 0; i < options.num_layers * directions; ++i)
    cells.emplace_back(name, gates, i < directions ? in : directions * given_, hidden, options.bias, random,
                       options.dtype, site, options.proj_size);
  if (options.dropout > 0) random_ = Random(random.bits());
}

void Recurrent::members(Members& m) {
  const std::size_t directions = options_.bidirectional ? 2 : 1;
  for (std::size_t i = 0; i < cells.size(); ++i)
    cell_members(m, cells[i], "_l" + std::to_string(i / directions) + (i % directions == 1 ? "_reverse" : ""));
  if (options_.dropout > 0) m("random", random_);
}

std::string Recurrent::options() const {
  std::string text = fmt::format("{} to {}", in_, hidden_);
  if (options_.proj_size > 0) text += fmt::format(", proj_size {}", options_.proj_size);
  if (options_.num_layers > 1) text += fmt::format(", {} layers", options_.num_layers);
  if (options_.bidirectional) text += ", bidirectional";
  if (options_.batch_first) text += ", batch_first";
  if (options_.dropout > 0) text += fmt::format(", dropout {}", options_.dropout);
  return text;
}

LstmSequence Recurrent::one(const Operand& x, const LstmState& start, const CellWeights& weights) const {
  if (kind_ == Kind::lstm) return lstm(x, start, weights);
  const Operand h = at(start.h, x.site);
  Sequence s = kind_ == Kind::gru ? gru(x, h, weights) : rnn(x, h, weights, options_.nonlinearity);
  return {std::move(s.outputs), {std::move(s.h), {}}};
}

Tensor Recurrent::start_of(const char* name, const Tensor& given, std::int64_t features, const Tensor& x,
                           std::int64_t cell, bool batched, Site site) const {
  const std::int64_t rows = x.shape()[1], count = static_cast<std::int64_t>(cells.size());
  if (!given.defined()) return zeros({rows, features}, x.dtype());
  const Shape expected = batched ? Shape{count, rows, features} : Shape{count, features};
  if (given.shape() != expected)
    fail<ShapeError>(nullptr, site, "{} is {}, expected {}", name, to_string(given.shape()), to_string(expected));
  const Tensor state = slice(given, {cell});
  return batched ? state : unsqueeze(state, 0);
}

LstmSequence Recurrent::run(const Operand& x, const LstmState& start, bool want_state) {
  const char* const op = kind_ == Kind::rnn ? "rnn" : kind_ == Kind::lstm ? "lstm" : "gru";
  const Shape shape = layers::shape_of(x);
  const bool batched = shape.rank() == 3, batch_first = batched && options_.batch_first;
  if (shape.rank() < 2 || shape.rank() > 3 || shape[shape.rank() - 1] != in_)
    fail<ShapeError>(op, x.site, "x is {}, expected ({}, {}) or (T, {})", to_string(shape),
                     options_.batch_first ? "N, T" : "T, N", in_, in_);
  const detail::SiteScope scope(op, x.site);
  Tensor in = batch_first ? swapaxes(x, 0, 1) : batched ? *x.tensor : unsqueeze(x, 1);
  const std::int64_t directions = options_.bidirectional ? 2 : 1;
  std::vector<Tensor> h, c;
  for (std::int64_t layer = 0; layer < options_.num_layers; ++layer) {
    Tensor outputs[2];
    for (std::int64_t direction = 0; direction < directions; ++direction) {
      const std::int64_t i = layer * directions + direction;
      LstmState state{start_of("h0", start.h, given_, in, i, batched, x.site), {}};
      if (kind_ == Kind::lstm) state.c = start_of("c0", start.c, hidden_, in, i, batched, x.site);
      const Tensor steps = direction == 0 ? in : flip(in, 0);
      LstmSequence s = one(at(steps, x.site), state, cells[static_cast<std::size_t>(i)].weights());
      outputs[direction] = direction == 0 ? s.outputs : flip(s.outputs, 0);
      if (want_state) h.push_back(s.state.h);
      if (want_state && kind_ == Kind::lstm) c.push_back(s.state.c);
    }
    in = directions == 2 ? concatenate({outputs[0], outputs[1]}, 2) : outputs[0];
    if (training() && options_.dropout > 0 && layer + 1 < options_.num_layers)
      in = dropout(in, options_.dropout, random_);
  }
  const auto stacked = [&](const std::vector<Tensor>& states) {
    return states.empty() ? Tensor() : batched ? stack(states) : concatenate(states);
  };
  return {batch_first ? swapaxes(in, 0, 1) : batched ? in : squeeze(in, 1), {stacked(h), stacked(c)}};
}

RNN::RNN(std::int64_t in, std::int64_t hidden, Random& random, const RecurrentOptions& options, Site site)
    : Recurrent(Kind::rnn, in, hidden, random, options, site) {}
Sequence RNN::operator()(const Operand& x, const Tensor& h0) {
  return located([&] {
    LstmSequence s = run(x, {h0, {}}, true);
    return Sequence{std::move(s.outputs), std::move(s.state.h)};
  });
}

LSTM::LSTM(std::int64_t in, std::int64_t hidden, Random& random, const RecurrentOptions& options, Site site)
    : Recurrent(Kind::lstm, in, hidden, random, options, site) {}
LstmSequence LSTM::operator()(const Operand& x, const LstmState& start) {
  return located([&] { return run(x, start, true); });
}

GRU::GRU(std::int64_t in, std::int64_t hidden, Random& random, const RecurrentOptions& options, Site site)
    : Recurrent(Kind::gru, in, hidden, random, options, site) {}
Sequence GRU::operator()(const Operand& x, const Tensor& h0) {
  return located([&] {
    LstmSequence s = run(x, {h0, {}}, true);
    return Sequence{std::move(s.outputs), std::move(s.state.h)};
  });
}

}  // namespace xgrad::nn
