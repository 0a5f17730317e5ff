#include "networks.hpp"

#include <algorithm>
#include <iterator>

#include <xgrad/xgrad.hpp>

namespace mnist {

using namespace xgrad;
using nn::Sequential;

namespace {

/// "Deep Learning from Scratch", chapter 5: 784-50-10, ReLU, weights from N(0, 0.01^2). He's larger ones learn faster
/// at first and end at the same mean, but twice as far apart by seed.
Sequential two_layer(Random& random) {
  const nn::LinearOptions small{.init = [](Tensor& w, Random& r) { nn::normal_(w, r, 0, 0.01); }};
  return Sequential{nn::Linear(784, 50, random, small), nn::ReLU(), nn::Linear(50, 10, random, small)};
}

/// "Make Your Own Neural Network" (T. Rashid, 2016): 784-100-10 without biases, weights from N(0, 1 / inputs).
Sequential sigmoid_net(Random& random) {
  const nn::LinearOptions plain{.bias = false, .init = [](Tensor& w, Random& r) { nn::he_normal_(w, r, 1); }};
  return Sequential{nn::Linear(784, 100, random, plain), nn::Sigmoid(), nn::Linear(100, 10, random, plain),
                    nn::Sigmoid()};
}

/// Four dense layers.
Sequential deep(Random& random) {
  const nn::LinearOptions he{.init = [](Tensor& w, Random& r) { nn::he_normal_(w, r); }};
  return Sequential{nn::Linear(784, 512, random, he), nn::ReLU(), nn::Dropout(0.2, random),
                    nn::Linear(512, 256, random, he), nn::ReLU(), nn::Dropout(0.2, random),
                    nn::Linear(256, 128, random, he), nn::ReLU(), nn::Linear(128, 10, random)};
}

// Convolutions without padding: a digit has a margin of its own. Where a pool follows, norm and ReLU come behind it,
// on a quarter of the elements: ReLU gives the same there.
const nn::Conv2dOptions no_bias{.bias = false};  // the norm has one

/// LeNet's shape (LeCun et al., 1998) with today's parts: two convolutions of 5x5, two dense layers.
Sequential cnn(Random& random) {
  return Sequential{nn::Conv2d(1, 32, 5, random, no_bias),
                    nn::MaxPool2d(2),
                    nn::BatchNorm2d(32),
                    nn::ReLU(),  // 12x12
                    nn::Conv2d(32, 64, 5, random, no_bias),
                    nn::MaxPool2d(2),
                    nn::BatchNorm2d(64),
                    nn::ReLU(),  // 4x4
                    nn::Flatten(),
                    nn::Dropout(0.25, random),
                    nn::Linear(1024, 256, random),
                    nn::ReLU(),
                    nn::Dropout(0.25, random),
                    nn::Linear(256, 10, random)};
}

/// Five convolutions of 3x3 in pairs (Simonyan and Zisserman, 2015).
Sequential deep_cnn(Random& random) {
  return Sequential{nn::Conv2d(1, 32, 3, random),
                    nn::ReLU(),  // 26x26
                    nn::Conv2d(32, 32, 3, random, no_bias),
                    nn::MaxPool2d(2),
                    nn::BatchNorm2d(32),
                    nn::ReLU(),  // 12x12
                    nn::Conv2d(32, 64, 3, random, no_bias),
                    nn::BatchNorm2d(64),
                    nn::ReLU(),  // 10x10
                    nn::Conv2d(64, 64, 3, random, no_bias),
                    nn::MaxPool2d(2),
                    nn::BatchNorm2d(64),
                    nn::ReLU(),  // 4x4
                    nn::Conv2d(64, 128, 3, random, {.padding = 1, .bias = false}),
                    nn::BatchNorm2d(128),
                    nn::ReLU(),
                    nn::Flatten(),
                    nn::Dropout(0.4, random),
                    nn::Linear(2048, 10, random)};
}

/// Images (N, 784) as sequences of their rows: (28, N, 28).
struct Rows : nn::Module {
  Tensor forward(const Operand& x) override { return swapaxes(reshape(x, {-1, 28, 28}), 0, 1); }
};

/// Of outputs (T, N, features) those of the last step.
struct LastStep : nn::Module {
  Tensor forward(const Operand& x) override { return slice(x, {-1}); }
};

/// An LSTM that reads an image row by row.
Sequential lstm(Random& random) {
  return Sequential{Rows(), nn::LSTM(28, 128, random), LastStep(), nn::Dropout(0.2, random),
                    nn::Linear(128, 10, random)};
}

/// Planes (N, features, h, w) as a sequence of their places, (N, h w, features), each with what tells where it is.
struct Tokens : nn::Module {
  nn::Parameter position;

  Tokens(std::int64_t places, std::int64_t features, Random& random) : position(zeros({places, features})) {
    nn::normal_(position, random, 0, 0.02);
  }
  Tensor forward(const Operand& x) override { return swapaxes(flatten(x, 2), 1, 2) + position; }
  void members(nn::Members& m) override { m("position", position); }
};

/// The mean of (N, L, features) over L.
struct Mean : nn::Module {
  Tensor forward(const Operand& x) override { return mean(x, 1); }
};

/// A small vision transformer (Dosovitskiy et al., 2021): 49 patches of 4x4 attend to each other.
Sequential transformer(Random& random) {
  constexpr std::int64_t features = 64, heads = 4, depth = 3;
  const nn::TransformerEncoderLayerOptions options{.dim_feedforward = 2 * features,
                                                   .dropout = 0,
                                                   .activation = nn::TransformerActivation::gelu,
                                                   .batch_first = true,
                                                   .norm_first = true};
  nn::Conv2d patches(1, features, 4, random, {.stride = 4});
  Tokens tokens(49, features, random);
  // Each layer draws its own weights: the copies that TransformerEncoder makes of one start alike.
  Sequential layers;
  for (std::int64_t i = 0; i < depth; ++i) layers.append(nn::TransformerEncoderLayer(features, heads, random, options));
  return Sequential{std::move(patches),
                    std::move(tokens),
                    std::move(layers),
                    nn::LayerNorm({features}),
                    Mean(),
                    nn::Linear(features, 10, random)};
}

struct Network {
  std::string_view name;
  Sequential (*make)(Random&);
};
constexpr Network networks[] = {
    {"two-layer", two_layer}, {"sigmoid", sigmoid_net},    {"deep", deep}, {"cnn", cnn}, {"deep-cnn", deep_cnn},
    {"lstm", lstm},           {"transformer", transformer}};

}  // namespace

Sequential make_network(std::string_view model, Random& random) {
  const auto found = std::find_if(std::begin(networks), std::end(networks),
                                  [&](const Network& network) { return network.name == model; });
  if (found == std::end(networks)) throw ValueError("there is no model '" + std::string(model) + "'");
  return found->make(random);
}

}  // namespace mnist
