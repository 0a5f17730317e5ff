// Layers in use: printing, freezing, summaries, paths in errors, options that are refused, dropout.
#include <sstream>
#include <xgrad/compile.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using namespace xgrad;
using namespace xgrad::tests;

namespace {

struct Net : nn::Module {
  nn::Conv2d conv;
  nn::BatchNorm2d norm;
  nn::Dropout dropout;
  nn::ModuleDict heads;

  explicit Net(Random& random)
      : conv(1, 4, 3, random, {.padding = 1}),
        norm(4),
        dropout(0.25, random),
        heads({{"small", nn::Sequential{nn::Flatten(), nn::Linear(64, 3, random), nn::Softmax()}},
               {"large", nn::ModuleList{nn::Linear(64, 5, random, {.bias = false})}}}) {}
  Tensor forward(const Operand& x) override {
    const Tensor z = conv(x), n = norm(z), h = dropout(relu(n));
    return heads.at("small")(h);
  }
  void members(nn::Members& m) override {
    m("conv", conv);
    m("norm", norm);
    m("dropout", dropout);
    m("heads", heads);
  }
};

/// Calls a part that it does not list, and one that it does.
struct Hidden : nn::Module {
  nn::Linear listed, other;
  bool call_other = false;
  explicit Hidden(Random& random) : listed(3, 4, random), other(3, 4, random) {}
  Tensor forward(const Operand& x) override { return call_other ? other(x) : listed(x); }
  void members(nn::Members& m) override { m("listed", listed); }
};

const char* const tree =
    "Net, 563 parameters\n"
    "  conv: Conv2d(stride 1, padding 1, weight (4, 1, 3, 3), bias (4,)), 40 parameters\n"
    "  norm: BatchNorm2d(4, eps 1e-05, momentum 0.1, weight (4,), bias (4,), running_mean (4,), running_var (4,), "
    "num_batches_tracked ()), 8 parameters\n"
    "  dropout: Dropout(p 0.25)\n"
    "  heads: ModuleDict, 515 parameters\n"
    "    small: Sequential, 195 parameters\n"
    "      0: Flatten\n"
    "      1: Linear(weight (3, 64), bias (3,)), 195 parameters\n"
    "      2: Softmax(axis -1)\n"
    "    large: ModuleList, 320 parameters\n"
    "      0: Linear(weight (5, 64)), 320 parameters";

const char* const table =
    "Layer                   Output        Parameters\n"
    "Net                     (2, 3)               563\n"
    "  conv (Conv2d)         (2, 4, 4, 4)          40\n"
    "  norm (BatchNorm2d)    (2, 4, 4, 4)           8\n"
    "  dropout (Dropout)     (2, 4, 4, 4)           0\n"
    "  heads (ModuleDict)                         515\n"
    "    small (Sequential)  (2, 3)               195\n"
    "      0 (Flatten)       (2, 64)                0\n"
    "      1 (Linear)        (2, 3)               195\n"
    "      2 (Softmax)       (2, 3)                 0\n"
    "    large (ModuleList)                       320\n"
    "      0 (Linear)                             320\n"
    "563 parameters (2.2 KiB): 523 trained, 40 frozen\n";

}  // namespace

TEST_CASE("a module prints as a tree") {
  Random random(1);
  Net net(random);
  CHECK(to_string(net) == tree);
  std::ostringstream out;
  out << net;
  CHECK(out.str() == tree);
  net.freeze("heads.small.*");
  CHECK_THAT(to_string(net), contains("1: Linear(weight (3, 64) frozen, bias (3,) frozen), 195 parameters"));
  CHECK(to_string(nn::Sequential{nn::Linear(1000, 1000, random, {.bias = false})}) ==
        "Sequential, 1,000,000 parameters\n  0: Linear(weight (1000, 1000)), 1,000,000 parameters");
}

TEST_CASE("summary runs the model once, and leaves it as it was") {
  Random random(1);
  Net net(random);
  net.freeze("conv.*");
  net.dropout.train(false);
  const auto before = net.state();
  std::vector<Tensor> kept;
  for (const auto& t : before) kept.push_back(t.tensor.clone());
  {
    const Tape tape;
    CHECK(nn::summary(net, {2, 1, 4, 4}) == table);
    CHECK(tape.size() == 0);
  }
  for (std::size_t i = 0; i < kept.size(); ++i) CHECK(same_bits(net.state()[i].tensor, kept[i]));
  CHECK(net.training());
  CHECK(net.norm.training());
  CHECK_FALSE(net.dropout.training());
  CHECK_THAT(error_here<ShapeError>(
                 [&] {
                   nn::summary(net, {2, 3, 4, 4}, Site::here());
                 },
                 Site::here()),
             contains("conv (Conv2d): conv2d: "));
  CHECK(nn::summary(net, {2, 1, 4, 4}) == table);

  nn::Embedding words(10, 4, random);
  CHECK_THAT(nn::summary(words, {2, 3}, int64), contains("Embedding  (2, 3, 4)          40\n"));
  nn::LSTM lstm(4, 5, random);
  CHECK_THAT(nn::summary(lstm, {7, 2, 4}), contains("LSTM   (7, 2, 5)         220\n"));
  nn::TransformerEncoderLayer block(4, 2, random);
  CHECK_THAT(nn::summary(block, {7, 2, 4}), contains("self_attn (MultiheadAttention)  (7, 2, 4)"));
}

TEST_CASE("frozen parameters take no gradient and are left alone") {
  Random random(1);
  Net net(random);
  nn::SGD optimizer(net.parameters(), {.lr = 0.1, .momentum = 0.9});
  const Tensor x = random_tensor({3, 1, 4, 4}, -1, 1, float32);
  const auto step = [&] {
    Tape tape;
    square(sum(net(x) * random_tensor({3, 3}, -1, 1, float32))).backward();
    optimizer.step();
  };
  const auto same = [](const Tensor& a, const std::vector<float>& b) { return a.to_vector<float>() == b; };
  step();
  net.freeze("conv.*");
  CHECK(net.frozen() == std::vector<std::string>{"conv.weight", "conv.bias"});
  CHECK_FALSE(net.conv.weight.requires_grad());
  const std::vector<float> conv = net.conv.weight.to_vector<float>(), norm = net.norm.weight.to_vector<float>();
  step();
  CHECK(same(net.conv.weight, conv));
  CHECK_FALSE(same(net.norm.weight, norm));
  CHECK_FALSE(net.parameters()[0].grad().defined());

  Net copy = net;
  CHECK(copy.frozen() == net.frozen());
  copy.to(float64);
  CHECK(copy.frozen() == net.frozen());
  CHECK(copy.conv.weight.dtype() == float64);
  auto state = net.state();
  for (auto& t : state) t.tensor = t.tensor.clone();
  Net other(random);
  other.freeze("*.weight");
  CHECK(other.frozen() ==
        std::vector<std::string>{"conv.weight", "norm.weight", "heads.small.1.weight", "heads.large.0.weight"});
  other.load_state(state);
  CHECK(same(other.conv.weight, conv));

  net.unfreeze("c?nv.w*");
  CHECK(net.frozen() == std::vector<std::string>{"conv.bias"});
  step();
  CHECK_FALSE(same(net.conv.weight, conv));  // by the same optimizer
  net = other;
  CHECK(net.frozen() == other.frozen());
  net.unfreeze();
  CHECK(net.frozen().empty());
  CHECK(error_here<ValueError>([&] { net.freeze("encoder.*", Site::here()); }, Site::here()) ==
        "freeze: no parameter is called 'encoder.*'");

  nn::Linear layer(2, 2, random, {.dtype = float64});
  layer.freeze("bias");
  CHECK(nn::gradcheck(layer, random_tensor({3, 2})));
}

TEST_CASE("an error in a nested module says where") {
  Random random(1);
  const nn::TransformerEncoderLayer block(4, 2, random, {.dim_feedforward = 6, .dropout = 0});
  struct Model : nn::Module {
    nn::TransformerEncoder encoder;
    explicit Model(const nn::TransformerEncoderLayer& layer) : encoder(layer, 3) {}
    Tensor forward(const Operand& x) override { return encoder(x); }
    void members(nn::Members& m) override { m("encoder", encoder); }
  };
  Model model(block);
  const Tensor x = random_tensor({3, 2, 4}, -1, 1, float32);
  CHECK(model(x).shape() == x.shape());
  model.encoder.layers[2].linear1 = nn::Linear(5, 6, random);
  CHECK_THAT(error_here<ShapeError>([&] { model(Operand(x, Site::here().file, Site::here().line)); }, Site::here()),
             Catch::StartsWith("encoder.layers.2.linear1 (Linear): linear: "));
  // What is thrown is a ShapeError still, from each of the modules.
  CHECK_THAT(error_of<ShapeError>([&] { model.encoder(x); }), Catch::StartsWith("layers.2.linear1 (Linear): linear: "));
  CHECK_THAT(error_of<ShapeError>([&] { model.encoder.layers[2](x); }),
             Catch::StartsWith("linear1 (Linear): linear: "));
  CHECK_THAT(error_of<ShapeError>([&] { model.encoder.layers[2].linear1(x); }), Catch::StartsWith("linear: "));
  CHECK_THAT(error_of<DTypeError>([&] { model(to(x, float64)); }),
             Catch::StartsWith("encoder.layers.0.self_attn (MultiheadAttention): multi_head_attention: "));

  Hidden hidden(random);
  nn::Sequential outer{nn::Identity(), hidden};
  CHECK_THAT(error_of<ShapeError>([&] { outer(x); }), Catch::StartsWith("1.listed (Linear): linear: "));
  outer.get<Hidden>(1).call_other = true;
  CHECK_THAT(error_of<ShapeError>([&] { outer(x); }), Catch::StartsWith("1 (Hidden): linear: "));

  nn::Embedding words(4, 2, random);
  nn::Sequential text{words};
  CHECK_THAT(error_of<ValueError>([&] {
               text(tensor({{0, 4}}, int64));
             }),
             Catch::StartsWith("0 (Embedding): embedding: "));
  nn::Sequential recurrent{nn::LSTM(3, 4, random)};
  CHECK_THAT(error_of<ShapeError>([&] { recurrent(x); }),
             Catch::StartsWith("0 (LSTM): lstm: x is (3, 2, 4), expected (T, N, 3) or (T, 3)"));
}

TEST_CASE("options that make no sense are refused when a layer is made") {
  Random r(1);
  const auto refusal = [](auto make, Site site = Site::here()) {
    return error_here<ValueError>([&] { make(site); }, site);
  };
  CHECK(refusal([&](Site s) { nn::Conv2d(3, 4, 3, r, {.groups = 2}, s); }) ==
        "Conv2d: 2 groups for 3 channels in and 4 out");
  CHECK(refusal([&](Site s) { nn::Conv1d(2, 4, 0, r, {}, s); }) == "Conv1d: kernel is 0, expected 1 or more");
  CHECK(refusal([&](Site s) { nn::Conv2d(2, 4, 3, r, {.padding = -1}, s); }) ==
        "Conv2d: padding is -1, expected 0 or more");
  CHECK(refusal([&](Site s) { nn::ConvTranspose2d(2, 4, 3, r, {.stride = 2, .output_padding = 2}, s); }) ==
        "ConvTranspose2d: output_padding is 2, expected less than stride 2 or dilation 1");
  CHECK(refusal([&](Site s) { nn::MaxPool2d(2, {.padding = 2}, s); }) ==
        "MaxPool2d: padding is 2, expected half the kernel 2 at most");
  CHECK(refusal([&](Site s) { nn::AvgPool1d(0, {}, s); }) == "AvgPool1d: kernel is 0, expected 1 or more");
  CHECK(refusal([&](Site s) {
          nn::AdaptiveAvgPool2d({0, 2}, s);
        }) == "AdaptiveAvgPool2d: output is 0, expected 1 or more");
  CHECK(refusal([&](Site s) { nn::GroupNorm(3, 4, {}, s); }) == "GroupNorm: 3 groups for 4 channels");
  CHECK(refusal([&](Site s) { nn::BatchNorm2d(4, {.momentum = 2}, s); }) ==
        "BatchNorm2d: momentum is 2, expected 0 to 1");
  CHECK(refusal([&](Site s) { nn::LayerNorm({4}, {.eps = -1}, s); }) == "LayerNorm: eps is -1, expected 0 or more");
  CHECK(refusal([&](Site s) { nn::RMSNorm({}, {}, s); }) == "RMSNorm: normalized is (), expected an axis or more");
  CHECK(refusal([&](Site s) { nn::Dropout(1.5, r, s); }) == "Dropout: p is 1.5, expected a probability");
  CHECK(refusal([&](Site s) { nn::LSTM(2, 3, r, {.proj_size = 3}, s); }) ==
        "LSTM: proj_size is 3, expected 0 to 2");
  CHECK(refusal([&](Site s) { nn::GRU(2, 3, r, {.proj_size = 2}, s); }) ==
        "GRU: proj_size is 2, expected 0: only an LSTM has one");
  CHECK(refusal([&](Site s) { nn::Embedding(2, 3, r, {.max_norm = -1}, s); }) ==
        "Embedding: max_norm is -1 and norm_type 2, expected numbers above 0");
  CHECK(refusal([&](Site s) { nn::LSTM(2, 3, r, {.dropout = -0.1}, s); }) ==
        "LSTM: dropout is -0.1, expected a probability");
  CHECK(refusal([&](Site s) { nn::LSTMCell(0, 3, r, {}, s); }) == "LSTMCell: in is 0, expected 1 or more");
  CHECK(refusal([&](Site s) { nn::GRU(2, 3, r, {.num_layers = 0}, s); }) == "GRU: num_layers is 0, expected 1 or more");
  CHECK(refusal([&](Site s) { nn::Embedding(4, 2, r, {.padding_idx = 4}, s); }) ==
        "Embedding: padding_idx is 4, expected -4 to 3");
  CHECK(refusal([&](Site s) { nn::MultiheadAttention(6, 4, r, {}, s); }) ==
        "MultiheadAttention: 4 heads for 6 features");
  CHECK(refusal([&](Site s) { nn::TransformerEncoderLayer(4, 2, r, {.dropout = 2}, s); }) ==
        "TransformerEncoderLayer: dropout is 2, expected a probability");
  CHECK(refusal([&](Site s) { nn::Bilinear(2, 0, 3, r, {}, s); }) == "Bilinear: in2 is 0, expected 1 or more");
  CHECK(refusal([&](Site s) {
          nn::ModuleDict({{"a.b", nn::ReLU()}}, s);
        }) == "ModuleDict: 'a.b' is not a name: it may not be empty or have a dot in it");
  CHECK(refusal([&](Site s) {
          nn::ModuleDict({{"a", nn::ReLU()}, {"a", nn::ReLU()}}, s);
        }) == "ModuleDict: there is a 'a' already");

  const auto shapes = [](auto call) { return error_of<ShapeError>(call); };
  const Tensor x = zeros({2, 3, 4});
  CHECK_THAT(shapes([&] { nn::BatchNorm2d(3)(x); }), contains("batch_norm: x is (2, 3, 4), expected (N, 3, H, W)"));
  CHECK_THAT(shapes([&] { nn::BatchNorm1d(4)(x); }), contains("expected (N, 4) or (N, 4, L)"));
  CHECK_THAT(shapes([&] { nn::GroupNorm(2, 4)(x); }), contains("group_norm: x is (2, 3, 4), expected (N, 4, ...)"));
  CHECK_THAT(shapes([&] { nn::PReLU(4)(x); }), contains("prelu: x is (2, 3, 4), expected 4 channels along axis 1"));
  CHECK_THAT(shapes([&] { nn::GLU()(zeros({2, 3})); }), contains("glu: x is (2, 3): axis -1 has no two halves"));
  CHECK_THAT(shapes([&] { nn::Bilinear(3, 4, 2, r)(x, x); }), contains("bilinear: x1 is (2, 3, 4), x2 is (2, 3, 4)"));
  CHECK_THAT(shapes([&] {
               nn::LSTM(4, 5, r)(x, {zeros({2, 3, 5}), Tensor()});
             }),
             contains("lstm: h0 is (2, 3, 5), expected (1, 3, 5)"));
  nn::MultiheadAttention attention(4, 2, r);
  CHECK_THAT(shapes([&] { attention(zeros({2, 3, 5})); }), contains("expected (L, N, E) with 4, 4 and 4 features"));
  CHECK_THAT(shapes([&] {
               attention(x, x, x, {.attn_mask = zeros({3, 3})});
             }),
             contains("attn_mask is (3, 3), expected (L, S)"));
  CHECK_THAT(shapes([&] {
               attention(x, x, x, {.key_padding_mask = zeros({2, 3})});
             }),
             contains("key_padding_mask is (2, 3), expected (N, S)"));
}

TEST_CASE("dropout in layers is of its probability, of streams of its own, and only in training") {
  Random random(1);
  nn::Dropout dropout(0.25, random), next(0.25, random);
  const Tensor x = ones({10000}, float64);
  const Tensor y = dropout(x);
  CHECK(sum(y == 0).item() == Approx(2500).margin(150));
  CHECK(max(y).item() == 1 / 0.75);
  CHECK_FALSE(same_bits(y, next(x)));
  nn::Dropout copy = dropout;
  CHECK(same_bits(dropout(x), copy(x)));
  dropout.eval();
  CHECK(same_bits(dropout(x), x));

  // Between recurrent layers, and of attention's weights: none in eval(), where they are what they are without.
  nn::LSTM lstm(3, 4, random, {.num_layers = 2, .dropout = 0.5, .dtype = float64}),
      plain(3, 4, random, {.num_layers = 2, .dtype = float64});
  plain.load_state(lstm.state());
  const Tensor steps = random_tensor({5, 2, 3});
  CHECK_FALSE(same_bits(lstm(steps), plain(steps)));
  CHECK_FALSE(same_bits(lstm(steps), lstm(steps)));
  CHECK(lstm.random_streams().size() == 1);
  lstm.eval();
  CHECK(same_bits(lstm(steps), plain(steps)));

  nn::MultiheadAttention dropped(4, 2, random, {.dropout = 1e-12, .dtype = float64}),
      fused(4, 2, random, {.dtype = float64});
  dropped.load_state(fused.state());
  const Tensor q = random_tensor({3, 2, 4});
  const Tensor later = triu(ones({3, 3})) == 0, scores = random_tensor({3, 3});
  check_close(dropped(q), fused(q));
  check_close(dropped(q, q, q, {.attn_mask = later}), fused(q, q, q, {.attn_mask = later}));
  check_close(dropped(q, q, q, {.attn_mask = scores, .is_causal = true}),
              fused(q, q, q, {.attn_mask = scores, .is_causal = true}));
  const Tensor nobody = ones({3, 3}) == 1;
  check_close(dropped(q, q, q, {.attn_mask = nobody}), fused(q, q, q, {.attn_mask = nobody}));
  check_close(fused(q), fused(q, q.clone(), q.clone()));

  // Copies of one layer in an encoder draw differently, and a saved position resumes.
  nn::TransformerEncoder encoder(nn::TransformerEncoderLayer(4, 2, random, {.dim_feedforward = 8, .dropout = 0.5}), 2);
  const auto streams = encoder.random_streams();
  CHECK(streams.size() == 8);
  CHECK(streams[0].name == "layers.0.self_attn.random");
  CHECK(streams[0].random->stream() != streams[4].random->stream());
  const Tensor z = random_tensor({3, 2, 4}, -1, 1, float32);
  std::vector<std::uint64_t> positions;
  for (const auto& s : streams) positions.push_back(s.random->position());
  const Tensor first = encoder(z);
  CHECK_FALSE(same_bits(first, encoder(z)));
  for (std::size_t i = 0; i < streams.size(); ++i) streams[i].random->set_position(positions[i]);
  CHECK(same_bits(first, encoder(z)));
}

TEST_CASE("layers start as PyTorch's do") {
  Random random(1);
  const auto within = [](const Tensor& t, double bound) {
    CHECK(max(abs(t)).item() <= bound);
    CHECK(max(abs(t)).item() > 0.9 * bound);
    CHECK(std::abs(mean(t).item()) < 0.2 * bound);
  };
  const nn::Conv2d conv(8, 16, {3, 5}, random, {.groups = 2});
  within(conv.weight, 1 / std::sqrt(4 * 15.0));
  within(conv.bias, 1 / std::sqrt(4 * 15.0));
  const nn::ConvTranspose2d up(8, 16, 3, random, {.groups = 2});
  within(up.weight, 1 / std::sqrt(8 * 9.0));
  within(nn::LSTM(3, 16, random).cells[0].weight_hh, 0.25);
  within(nn::Bilinear(16, 5, 4, random).weight, 0.25);
  const nn::MultiheadAttention attention(16, 2, random);
  within(attention.in_proj_weight, std::sqrt(6.0 / 64));
  CHECK(max(abs(attention.in_proj_bias)).item() == 0);
  CHECK(max(abs(attention.out_proj.bias)).item() == 0);
  const nn::Embedding words(100, 20, random, {.padding_idx = 1});
  CHECK(xgrad::std(words.weight).item() == Approx(1).margin(0.1));
  CHECK(sum(square(slice(words.weight, {1}))).item() == 0);
}

TEST_CASE("layers in a compiled step do what they do without") {
  const auto make = [] {
    Random random(1);
    return nn::Sequential{nn::Conv2d(1, 4, 3, random),
                          nn::BatchNorm2d(4),
                          nn::ReLU(),
                          nn::MaxPool2d(2),
                          nn::BatchNorm2d(4, {.momentum = std::nullopt}),
                          nn::Flatten(),
                          nn::LayerNorm({16}),
                          nn::Linear(16, 3, random)};
  };
  nn::Sequential plain = make(), compiled = make();
  nn::SGD plain_sgd(plain.parameters(), {.lr = 0.1}), compiled_sgd(compiled.parameters(), {.lr = 0.1});
  const auto step_of = [](nn::Sequential& net, nn::SGD& sgd) {
    return [&](const Tensor& x) {
      Tape tape;
      const Tensor loss = sum(square(net(x)));
      loss.backward();
      sgd.step();
      sgd.zero_grad();
      return loss.detach();
    };
  };
  auto step = step_of(plain, plain_sgd);
  auto plan = compile(step_of(compiled, compiled_sgd));
  for (std::uint64_t i = 0; i < 5; ++i) {
    const Tensor x = random_tensor({3, 1, 6, 6}, -1, 1, float32, i);
    CHECK(same_bits(step(x), plan(x)));
  }
  INFO(plan.report().why);
  CHECK(plan.report().replayed == 4);
  const auto expected = plain.state(), got = compiled.state();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    INFO(expected[i].name);
    CHECK(same_bits(got[i].tensor, expected[i].tensor));
  }
}
