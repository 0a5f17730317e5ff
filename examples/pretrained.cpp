// A network whose weights are given: three layers with numbers small enough to follow by hand, and the one of chapter 3
// of "Deep Learning from Scratch" (K. Saitoh, 2016), trained already, which reads digits.
#include <cstdlib>

#include <fmt/format.h>

#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "common/mnist_data.hpp"
#include "common/program.hpp"
#include "common/show.hpp"

namespace {

using namespace xgrad;
using examples::numbers;

/// Three layers, sigmoid on the first two.
struct Network {
  Tensor w1, b1, w2, b2, w3, b3;

  /// x (N, inputs), or (inputs,) for one sample.
  Tensor scores(const Tensor& x) const {
    const Tensor z1 = sigmoid(matmul(x, w1) + b1);
    const Tensor z2 = sigmoid(matmul(z1, w2) + b2);
    return matmul(z2, w3) + b3;
  }
  Tensor predict(const Tensor& x) const { return softmax(scores(x)); }
};

void fixed_weights() {
  const auto fixed = [](const NestedList& values) { return tensor(values, float64); };
  const Network network{fixed({{0.1, 0.3, 0.5}, {0.2, 0.4, 0.6}}),
                        fixed({0.1, 0.2, 0.3}),
                        fixed({{0.1, 0.4}, {0.2, 0.5}, {0.3, 0.6}}),
                        fixed({0.1, 0.2}),
                        fixed({{0.1, 0.3}, {0.2, 0.4}}),
                        fixed({0.1, 0.2})};
  fmt::print("fixed weights, x = [1.0, 0.5]: {}\n", numbers(network.scores(fixed({1.0, 0.5}))));
}

/// 784-50-100-10, from numpy's file.
Network load(const std::string& path) {
  Network network;
  const std::vector<nn::NamedTensor> arrays = nn::load_npz(path);
  struct Part {
    const char* name;
    Tensor* weight;
    Shape shape;
  };
  for (const auto& [name, weight, shape] :
       {Part{"W1", &network.w1, {784, 50}}, Part{"b1", &network.b1, {50}}, Part{"W2", &network.w2, {50, 100}},
        Part{"b2", &network.b2, {100}}, Part{"W3", &network.w3, {100, 10}}, Part{"b3", &network.b3, {10}}}) {
    for (const nn::NamedTensor& array : arrays)
      if (array.name == name) *weight = array.tensor;
    if (!weight->defined() || weight->shape() != shape || weight->dtype() != float32)
      throw ValueError(fmt::format("{}: {} should be float32 {}", path, name, to_string(shape)));
  }
  return network;
}

std::int64_t correct(const Network& network, const nn::Images& images, std::int64_t batch_size) {
  nn::Batches batches(images, batch_size, {.shuffle = false});
  std::int64_t count = 0;
  for (auto [x, labels] : batches.epoch(0)) count += nn::count_correct(network.predict(x), labels);
  return count;
}

void show(const Network& network, const nn::Images& images, std::int64_t index) {
  nn::Batches one(images, 1, {.shuffle = false});
  const auto [x, label] = one.at(0, index);
  const Tensor probabilities = network.predict(x);
  fmt::print("\ntest image {}, a {:.0f}:\n{}", index, label.item(), examples::picture(reshape(x, {28, 28})));
  fmt::print("taken for a {:.0f}; probabilities of 0 to 9:", argmax(probabilities).item());
  for (const float p : probabilities.to_vector<float>()) fmt::print(" {:.3f}", p);
  fmt::print("\n");
}

std::string find_weights(const std::string& given) {
  if (!given.empty()) return given;
  const char* const data = std::getenv("XGRAD_DATA");
  return data ? std::string(data) + "/book/sample_weight.npz" : "";
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A network with given weights: chapter 3 of \"Deep Learning from Scratch\".", "pretrained");
  std::string folder, weights;
  std::int64_t index = 0;
  examples::add_file(app, "--data", folder, "DIR", "Folder with the MNIST files [looked for, as mnist does]");
  examples::add_file(app, "--weights", weights, "FILE",
                     "The book's sample_weight.npz [$XGRAD_DATA/book/sample_weight.npz]");
  examples::add_number<std::int64_t>(app, "--image", index, 0, 1'000'000'000, "from 0", "Which test image to show [0]");
  return examples::run(app, argc, argv, [&] {
    fixed_weights();
    weights = find_weights(weights);
    if (weights.empty()) {
      fmt::print("no weights of the book's network: give them with --weights\n");
      return;
    }
    const Network network = load(weights);
    const examples::MnistData data = examples::obtain_mnist(folder);
    const nn::Images& test = data.images.test;
    fmt::print("{}\n", data.origin);
    fmt::print("one at a time: {} of {} right\n", correct(network, test, 1), test.size());
    fmt::print("in batches of 100: {} of {} right\n", correct(network, test, 100), test.size());
    show(network, test, index);
  });
}
