// How a value goes through a network: activation functions, a network as three products of matrices, and a batch of
// samples in place of one. Chapter 3 of "Deep Learning from Scratch" (K. Saitoh, 2016).
#include <fmt/format.h>

#include <xgrad/transforms.hpp>
#include <xgrad/xgrad.hpp>

#include "common/program.hpp"
#include "common/show.hpp"

namespace {

using namespace xgrad;
using examples::numbers;

Tensor vector(const NestedList& numbers) { return tensor(numbers, float64); }

void activations() {
  const Tensor x = vector({-1, 1, 2});
  fmt::print("activation functions at x = {}\n", numbers(x));
  fmt::print("  step      {}\n", numbers(step(x)));
  fmt::print("  sigmoid   {}\n", numbers(sigmoid(x)));
  fmt::print("  relu      {}\n", numbers(relu(x)));
  fmt::print("  identity  {}\n\n", numbers(identity(x)));
}

/// e^1010 is beyond all doubles. Subtracting the largest score changes no quotient, and every power is at most 1.
void scores_become_probabilities() {
  const Tensor small = vector({0.3, 2.9, 4.0}), large = vector({1010, 1000, 990});
  const Tensor powers = exp(large), naive = powers / sum(powers);
  const Tensor lowered = exp(large - max(large)), stable = lowered / sum(lowered);
  fmt::print("softmax of {}\n  {}, sum {}\n", numbers(small), numbers(softmax(small)), sum(softmax(small)).item());
  fmt::print("softmax of {}\n", numbers(large));
  fmt::print("  as it is written       {}\n", numbers(naive));
  fmt::print("  less the largest score {}\n", numbers(stable));
  fmt::print("  softmax()              {}\n\n", numbers(softmax(large)));
}

/// Two inputs, hidden layers of three and two units, two outputs.
struct Network {
  Tensor w1 = tensor({{0.1, 0.3, 0.5}, {0.2, 0.4, 0.6}}, float64), b1 = vector({0.1, 0.2, 0.3});
  Tensor w2 = tensor({{0.1, 0.4}, {0.2, 0.5}, {0.3, 0.6}}, float64), b2 = vector({0.1, 0.2});
  Tensor w3 = tensor({{0.1, 0.3}, {0.2, 0.4}}, float64), b3 = vector({0.1, 0.2});

  /// x (2,) or, for N samples at once, (N, 2).
  Tensor forward(const Tensor& x) const {
    const Tensor z1 = sigmoid(matmul(x, w1) + b1);
    const Tensor z2 = sigmoid(matmul(z1, w2) + b2);
    return identity(matmul(z2, w3) + b3);
  }
};

void layers_are_products() {
  const Network network;
  const Tensor x = vector({1.0, 0.5});
  const Tensor a1 = matmul(x, network.w1) + network.b1;
  fmt::print("a network of three layers at x = {}\n", numbers(x));
  fmt::print("  first layer: x W1 + b1 = {}, its sigmoid {}\n", numbers(a1), numbers(sigmoid(a1)));
  fmt::print("  output: {}\n\n", numbers(network.forward(x)));
}

void a_batch_is_one_more_axis() {
  const Network network;
  const Tensor batch = tensor({{1.0, 0.5}, {0.2, -0.4}, {-1.0, 2.0}, {0.0, 0.0}}, float64);
  const Tensor together = network.forward(batch);
  fmt::print("four samples at once: {} x {} + {} -> {}\n", to_string(batch.shape()), to_string(network.w1.shape()),
             to_string(network.b1.shape()), to_string(together.shape()));
  double furthest = 0;
  for (std::int64_t i = 0; i < batch.shape()[0]; ++i) {
    const Tensor alone = network.forward(slice(batch, {i}));
    furthest = std::max(furthest, max(abs(slice(together, {i}) - alone)).item());
    fmt::print("  sample {}: {}\n", i, numbers(alone));
  }
  fmt::print("  alone and in the batch they differ by at most {}\n\n", furthest);
}

/// Pixels 0 .. 255 drive a sigmoid to where it is flat. Divided by 255, or with mean 0 and deviation 1, they do not.
void inputs_want_to_be_small() {
  const Tensor pixels = vector({0, 51, 128, 204, 255});
  const Tensor unit = pixels / 255, standard = (pixels - mean(pixels)) / xgrad::std(pixels, {}, 0);
  const auto show = [](const char* what, const Tensor& x) {
    fmt::print("  {:<21} {}\n  {:<21} {}\n", what, numbers(x), "  sigmoid's slope",
               numbers(grad([](const Tensor& v) { return sum(sigmoid(v)); })(x)));
  };
  fmt::print("normalisation\n");
  show("pixels", pixels);
  show("pixels / 255", unit);
  show("mean 0, deviation 1", standard);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Forward propagation, piece by piece: chapter 3 of \"Deep Learning from Scratch\".",
               "forward_propagation");
  return examples::run(app, argc, argv, [] {
    activations();
    scores_become_probabilities();
    layers_are_products();
    a_batch_is_one_more_axis();
    inputs_want_to_be_small();
  });
}
