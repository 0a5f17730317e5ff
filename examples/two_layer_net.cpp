// A network as a graph: each kind of node forward and backward, its gradients checked against finite differences, and
// TwoLayerNet trained on MNIST. Chapters 4 and 5 of "Deep Learning from Scratch" (K. Saitoh, 2016).
#include <fmt/format.h>

#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "common/mnist_data.hpp"
#include "common/program.hpp"
#include "common/show.hpp"

namespace {

using namespace xgrad;
using examples::numbers;

/// What a node gives forward, and what it hands back when each of its results is told `upstream`.
void forward_and_backward(const char* name, const Tensor& y, Tape& tape, const std::vector<const char*>& names,
                          const std::vector<Tensor>& inputs, const Tensor& upstream) {
  fmt::print("{}\n  forward  {}\n", name, numbers(y));
  const std::vector<Tensor> gradients = tape.gradient(y, inputs, {.seed = upstream});
  for (std::size_t i = 0; i < inputs.size(); ++i) fmt::print("  back to {} {}\n", names[i], numbers(gradients[i]));
}

void nodes() {
  Tape tape;
  const Tensor x = variable(tensor({{1.0, -0.5}, {-2.0, 3.0}}, float64)), up = ones({2, 2}, float64);
  forward_and_backward("Relu", relu(x), tape, {"x"}, {x}, up);
  forward_and_backward("Sigmoid", sigmoid(x), tape, {"x"}, {x}, up);

  const Tensor w = variable(tensor({{1, 2, 3}, {4, 5, 6}}, float64)), b = variable(tensor({1, 2, 3}, float64));
  forward_and_backward("Affine", affine(x, w, b), tape, {"x", "W", "b"}, {x, w, b},
                       tensor({{1, 2, 3}, {4, 5, 6}}, float64));

  const Tensor scores = variable(tensor({{0.3, 2.9, 4.0}}, float64)), labels = tensor({2}, int64);
  fmt::print("softmax {}\n", numbers(softmax(scores)));
  forward_and_backward("SoftmaxWithLoss", cross_entropy(scores, labels), tape, {"x"}, {scores}, Tensor());
  fmt::print("\n");
}

/// The book's class: affine, ReLU, affine; weights from N(0, 0.01^2), biases 0.
struct TwoLayerNet {
  Tensor w1, b1, w2, b2;

  TwoLayerNet(Random& random, DType dtype)
      : w1(variable(normal(random, {784, 50}, 0, 0.01, dtype))),
        b1(variable(zeros({50}, dtype))),
        w2(variable(normal(random, {50, 10}, 0, 0.01, dtype))),
        b2(variable(zeros({10}, dtype))) {}

  Tensor predict(const Tensor& x) const { return affine(relu(affine(x, w1, b1)), w2, b2); }
  Tensor loss(const Tensor& x, const Tensor& labels) const { return cross_entropy(predict(x), labels); }
  std::vector<Tensor> parameters() const { return {w1, b1, w2, b2}; }
};

/// By the graph: forward on a tape, and back.
std::vector<Tensor> gradient(const TwoLayerNet& net, const Tensor& x, const Tensor& labels) {
  Tape tape;
  return tape.gradient(net.loss(x, labels), net.parameters());
}

/// (L(w + h) - L(w - h)) / 2h for every element of w, one after the other.
Tensor numerical_gradient(const TwoLayerNet& net, Tensor w, const Tensor& x, const Tensor& labels) {
  constexpr double h = 1e-4;
  Tensor slopes = zeros(w.shape(), float64);
  double* const slope = slopes.mutable_data<double>();
  double* const value = w.mutable_data<double>();
  for (std::int64_t i = 0; i < w.size(); ++i) {
    const double here = value[i];
    value[i] = here + h;
    const double above = net.loss(x, labels).item();
    value[i] = here - h;
    const double below = net.loss(x, labels).item();
    value[i] = here;
    slope[i] = (above - below) / (2 * h);
  }
  return slopes;
}

/// The mean distance of each parameter's gradient, by the graph, from the one by differences, on three images.
void gradient_check(const nn::Images& images, std::uint64_t seed) {
  Random random(seed);
  const TwoLayerNet net(random, float64);
  nn::Batches three(images, 3, {.shuffle = false, .dtype = float64});
  const auto [x, labels] = three.at(0, 0);

  const std::vector<Tensor> backprop = gradient(net, x, labels);
  const char* const names[] = {"W1", "b1", "W2", "b2"};
  fmt::print("gradient check: mean |backpropagation - differences|\n");
  for (std::size_t i = 0; i < 4; ++i) {
    const Tensor numerical = numerical_gradient(net, net.parameters()[i], x, labels);
    fmt::print("  {}: {:.4g}\n", names[i], mean(abs(backprop[i] - numerical)).item());
  }
  fmt::print("\n");
}

double accuracy(const TwoLayerNet& net, const nn::Images& images) {
  std::int64_t correct = 0;
  nn::Batches batches(images, 1000, {.shuffle = false});
  for (auto [x, labels] : batches.epoch(0)) correct += nn::count_correct(net.predict(x), labels);
  return static_cast<double>(correct) / static_cast<double>(images.size());
}

void train(const nn::TrainTest& data, std::uint64_t seed, std::int64_t steps) {
  constexpr std::int64_t batch_size = 100;
  constexpr double learning_rate = 0.1;
  Random random(seed);
  TwoLayerNet net(random, float32);
  nn::Batches batches(data.train, std::min(batch_size, data.train.size()), {.seed = seed});
  fmt::print("training: accuracy on training and test images\n");
  for (std::int64_t i = 0; i < steps; ++i) {
    const auto [x, labels] = batches.at(i / batches.count(), i % batches.count());
    std::vector<Tensor> parameters = net.parameters();
    const std::vector<Tensor> gradients = gradient(net, x, labels);
    for (std::size_t p = 0; p < parameters.size(); ++p)
      parameters[p].assign(parameters[p] - learning_rate * gradients[p]);
    if (i % batches.count() == 0 || i == steps - 1)
      fmt::print("  {:6.4f} {:6.4f}\n", accuracy(net, data.train), accuracy(net, data.test));
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A network as a graph, checked and trained: chapters 4 and 5 of \"Deep Learning from Scratch\".",
               "two_layer_net");
  std::string folder;
  std::uint64_t seed = 1;
  std::int64_t steps = 10000;
  examples::add_file(app, "--data", folder, "DIR", "Folder with the MNIST files [looked for, as mnist does]");
  examples::add_number<std::uint64_t>(app, "--seed", seed, 0, UINT64_MAX, "from 0 to 2^64 - 1", "Of the weights [1]");
  examples::add_number<std::int64_t>(app, "--steps", steps, 1, 1'000'000'000, "from 1 to 10^9",
                                     "Batches of 100 to learn from [10000]");
  return examples::run(app, argc, argv, [&] {
    nodes();
    const examples::MnistData data = examples::obtain_mnist(folder);
    fmt::print("{}\n", data.origin);
    gradient_check(data.images.train, seed);
    train(data.images, seed, steps);
  });
}
