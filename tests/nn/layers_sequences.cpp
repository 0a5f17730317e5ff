#include "layers_table.hpp"

#include <xgrad/xgrad.hpp>

namespace xgrad::tests {
namespace {

// With the states given, all of them come back.
template <class M> TensorList with_state(nn::Module& m, const TensorList& in) {
  M& layer = dynamic_cast<M&>(m);
  if constexpr (requires { layer(in[0], nn::LstmState{}).outputs; }) {
    const nn::LstmSequence s = layer(in[0], nn::LstmState{in[1], in[2]});
    return {s.outputs, s.state.h, s.state.c};
  } else if constexpr (requires { layer(in[0], nn::LstmState{}).c; }) {
    const nn::LstmState s = layer(in[0], nn::LstmState{in[1], in[2]});
    return {s.h, s.c};
  } else if constexpr (requires { layer(in[0], in[1]).outputs; }) {
    const nn::Sequence s = layer(in[0], in[1]);
    return {s.outputs, s.h};
  } else {
    return {layer(in[0], in[1])};
  }
}

// Without, PyTorch's still gives them.
template <class M> TensorList from_zero(nn::Module& m, const TensorList& in) {
  M& layer = dynamic_cast<M&>(m);
  if constexpr (requires { layer(in[0], nn::LstmState{}).outputs; }) {
    const nn::LstmSequence s = layer(in[0], nn::LstmState{});
    return {m(in[0]), s.state.h, s.state.c};
  } else if constexpr (requires { layer(in[0], nn::LstmState{}).c; }) {
    return {m(in[0]), layer(in[0], nn::LstmState{}).c};
  } else if constexpr (requires { layer(in[0], Tensor()).outputs; }) {
    return {m(in[0]), layer(in[0], Tensor()).h};
  } else {
    return {m(in[0])};
  }
}

template <class Layer, class Cell> void recurrent(std::vector<LayerRow>& t, const std::string& kind, Random& r) {
  t.push_back({kind + "Cell", Cell(3, 4, r), with_state<Cell>});
  t.push_back({kind + "Cell start", Cell(3, 4, r, {.bias = false}), from_zero<Cell>});
  t.push_back({kind, Layer(3, 4, r), with_state<Layer>});
  t.push_back({kind + " start", Layer(3, 2, r, {.bias = false}), from_zero<Layer>});
  t.push_back({kind + " options", Layer(3, 2, r, {.num_layers = 2, .batch_first = true, .bidirectional = true}),
               with_state<Layer>});
  t.push_back({kind + " single", Layer(3, 2, r, {.num_layers = 2, .bidirectional = true}), with_state<Layer>});
  t.push_back({kind + "Cell single", Cell(3, 4, r), with_state<Cell>});
  t.push_back({kind + " deep", Layer(2, 3, r, {.num_layers = 3}), with_state<Layer>});
  t.push_back({kind + " deep no bias", Layer(2, 2, r, {.num_layers = 2, .bias = false, .bidirectional = true}),
               from_zero<Layer>});
  t.push_back({kind + " batch_first", Layer(2, 3, r, {.batch_first = true}), from_zero<Layer>});
  t.push_back(
      {kind + " batch_first single", Layer(2, 3, r, {.batch_first = true, .bidirectional = true}), with_state<Layer>});
  t.push_back({kind + " one step", Layer(2, 3, r, {.bidirectional = true}), with_state<Layer>});
  t.push_back({kind + " one unit", Layer(1, 1, r), from_zero<Layer>});
  t.push_back({kind + " dropped", Layer(2, 3, r, {.num_layers = 2, .dropout = 1}), from_zero<Layer>});
  t.push_back({kind + " dropout eval", Layer(2, 3, r, {.num_layers = 2, .dropout = 0.5}), from_zero<Layer>});
  t.back().module->eval();
}

void attention(std::vector<LayerRow>& t, Random& r) {
  using nn::MultiheadAttention;
  const auto across = [](nn::Module& m, const TensorList& in) -> TensorList {
    return {dynamic_cast<MultiheadAttention&>(m)(in[0], in[1], in[2])};
  };
  const auto masked = [](nn::Module& m, const TensorList& in) -> TensorList {
    return {dynamic_cast<MultiheadAttention&>(m)(
        in[0], in[0], in[0], {.attn_mask = in[1], .key_padding_mask = in.size() > 2 ? in[2] : Tensor()})};
  };
  const auto causal = [](nn::Module& m, const TensorList& in) -> TensorList {
    return {dynamic_cast<MultiheadAttention&>(m)(in[0], in[0], in[0], {.is_causal = true})};
  };
  t.push_back({"attention", MultiheadAttention(4, 2, r)});
  t.push_back({"attention batch_first", MultiheadAttention(4, 2, r, {.bias = false, .batch_first = true})});
  t.push_back({"attention across", MultiheadAttention(4, 2, r), across});
  t.push_back({"attention widths", MultiheadAttention(4, 2, r, {.kdim = 3, .vdim = 5, .batch_first = true}), across});
  t.push_back({"attention single", MultiheadAttention(4, 1, r)});
  t.push_back({"attention three", MultiheadAttention(6, 3, r, {.bias = false, .kdim = 4}), across});
  t.push_back({"attention each", MultiheadAttention(3, 3, r, {.vdim = 2}), across});
  t.push_back({"attention dropped", MultiheadAttention(4, 2, r, {.dropout = 1})});
  t.push_back({"attention eval", MultiheadAttention(4, 2, r, {.dropout = 0.5})});
  t.back().module->eval();
  const auto across_masked = [](nn::Module& m, const TensorList& in) -> TensorList {
    return {dynamic_cast<MultiheadAttention&>(m)(in[0], in[1], in[1], {.attn_mask = in[2], .key_padding_mask = in[3]})};
  };
  t.push_back({"attention across masks", MultiheadAttention(4, 2, r), across_masked});
  t.push_back({"attention single masks", MultiheadAttention(4, 2, r), across_masked});
  // With the weights; the keys are the values.
  const auto weights = [](nn::Module& m, const TensorList& in) -> TensorList {
    nn::AttentionMasks masks;
    if (in.size() > 1) masks = {.attn_mask = in[2], .key_padding_mask = in[3]};
    const Tensor &q = in[0], &k = in.size() > 1 ? in[1] : q;
    const bool average = q.rank() == 2 || q.shape()[1] == 2;
    const nn::AttentionOutputs y = dynamic_cast<MultiheadAttention&>(m).with_weights(q, k, k, masks, average);
    return {y.outputs, y.weights};
  };
  t.push_back({"attention weights", MultiheadAttention(4, 2, r), weights});
  t.push_back({"attention weights of heads", MultiheadAttention(4, 2, r, {.batch_first = true}), weights});
  t.push_back({"attention weights single", MultiheadAttention(4, 2, r), weights});
  t.push_back({"attention bias_kv", MultiheadAttention(4, 2, r, {.add_bias_kv = true})});
  t.push_back({"attention zero_attn", MultiheadAttention(4, 2, r, {.add_zero_attn = true, .kdim = 3}), across});
  t.push_back(
      {"attention all of it", MultiheadAttention(4, 2, r, {.add_bias_kv = true, .add_zero_attn = true}), weights});
  t.push_back({"attention masks", MultiheadAttention(4, 2, r, {.batch_first = true}), masked});
  t.push_back({"attention causal", MultiheadAttention(4, 2, r, {.batch_first = true}), causal});
  t.push_back({"attention added", MultiheadAttention(4, 2, r, {.batch_first = true}), masked});
  t.push_back({"attention mixed masks", MultiheadAttention(4, 2, r, {.batch_first = true}), masked});
}

void transformers(std::vector<LayerRow>& t, Random& r) {
  const auto layer = [&](nn::TransformerEncoderLayerOptions options) {
    options.dim_feedforward = 6;
    options.dropout = 0;
    return nn::TransformerEncoderLayer(4, 2, r, options);
  };
  const auto masked = [](nn::Module& m, const TensorList& in) -> TensorList {
    return {dynamic_cast<nn::TransformerEncoderLayer&>(m)(in[0], {.attn_mask = in[1], .key_padding_mask = in[2]})};
  };
  for (const bool train : {true, false}) {
    const std::string mode = train ? " train" : " eval";
    t.push_back({"encoder layer" + mode, layer({})});
    t.back().module->train(train);
    t.push_back({"encoder layer options" + mode, layer({.activation = nn::TransformerActivation::gelu,
                                                        .layer_norm_eps = 0.01,
                                                        .batch_first = true,
                                                        .norm_first = true})});
    t.back().module->train(train);
  }
  t.push_back({"encoder layer no bias", layer({.bias = false})});
  t.push_back({"encoder layer masks", layer({.batch_first = true}), masked});
  t.push_back({"encoder layer single", layer({.norm_first = true, .bias = false})});
  t.push_back({"encoder layer first masks", layer({.activation = nn::TransformerActivation::gelu, .norm_first = true}),
               masked});
  t.push_back({"encoder layer causal", layer({}), [](nn::Module& m, const TensorList& in) -> TensorList {
                 return {dynamic_cast<nn::TransformerEncoderLayer&>(m)(in[0], {.is_causal = true})};
               }});
  t.push_back(
      {"encoder layer dropout eval", nn::TransformerEncoderLayer(4, 2, r, {.dim_feedforward = 6, .dropout = 0.5})});
  t.back().module->eval();
  t.push_back({"encoder masks", nn::TransformerEncoder(layer({.batch_first = true}), 2),
               [](nn::Module& m, const TensorList& in) -> TensorList {
                 return {
                     dynamic_cast<nn::TransformerEncoder&>(m)(in[0], {.attn_mask = in[1], .key_padding_mask = in[2]})};
               }});
  t.push_back({"encoder", nn::TransformerEncoder(layer({.norm_first = true}), 2, nn::LayerNorm({4}))});
}

}  // namespace

std::vector<LayerRow> sequence_table() {
  Random random(1);
  std::vector<LayerRow> t;
  recurrent<nn::RNN, nn::RNNCell>(t, "RNN", random);
  recurrent<nn::LSTM, nn::LSTMCell>(t, "LSTM", random);
  recurrent<nn::GRU, nn::GRUCell>(t, "GRU", random);
  t.push_back({"RNN relu", nn::RNN(3, 4, random, {.nonlinearity = nn::Nonlinearity::relu}), from_zero<nn::RNN>});
  using nn::LSTM;
  t.push_back({"LSTM projected", LSTM(3, 4, random, {.proj_size = 2}), with_state<LSTM>});
  t.push_back({"LSTM projected start", LSTM(2, 3, random, {.bias = false, .batch_first = true, .proj_size = 1}),
               from_zero<LSTM>});
  t.push_back({"LSTM projected options",
               LSTM(3, 4, random, {.num_layers = 2, .batch_first = true, .bidirectional = true, .proj_size = 3}),
               with_state<LSTM>});
  t.push_back({"LSTM projected single", LSTM(3, 2, random, {.proj_size = 1}), with_state<LSTM>});
  t.push_back({"RNN relu both",
               nn::RNN(2, 2, random, {.num_layers = 2, .bidirectional = true, .nonlinearity = nn::Nonlinearity::relu}),
               from_zero<nn::RNN>});
  t.push_back({"RNNCell relu", nn::RNNCell(3, 4, random, {.nonlinearity = nn::Nonlinearity::relu})});
  attention(t, random);
  transformers(t, random);
  for (LayerRow& row : t) row.module->to(float64);
  return t;
}

}  // namespace xgrad::tests
