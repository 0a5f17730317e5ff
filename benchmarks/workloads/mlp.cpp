// W1, W2, W3: training steps of small dense networks.
#include "setup.hpp"

namespace bench {
namespace {

using namespace xgrad;

struct W1 {
  Tensor x = filled(1, {100, 784}, 0, 1), target = labelled(2, 100), loss;
  nn::Sequential model = two_layers();
  nn::SGD optimizer{model.parameters(), {.lr = 0.1}};

  void step() {
    Tape tape;
    loss = cross_entropy(model(x), target);
    loss.backward();
    optimizer.step();
    optimizer.zero_grad();
  }
  std::vector<double> check() {
    return three([&] { return step(), loss.item(); });
  }
};

struct W2 {
  Tensor x = filled(1, {1, 784}, 0, 1), target = filled(2, {1, 10}, 0, 1), loss;
  nn::Sequential model = dense({784, 100, 10}, {0.05, 0.2}, nn::Sigmoid(), true);
  nn::SGD optimizer{model.parameters(), {.lr = 0.1}};

  void step() {
    Tape tape;
    loss = 0.5 * mse_loss(model(x), target, Reduction::sum);
    loss.backward();
    optimizer.step();
    optimizer.zero_grad();
  }
  std::vector<double> check() {
    return three([&] { return step(), loss.item(); });
  }
};

struct W3 {
  Tensor x = filled(1, {128, 784}, 0, 1), target = labelled(2, 128), loss;
  nn::Sequential model = dense({784, 512, 512, 10}, {0.05, 0.06, 0.06}, nn::ReLU());
  nn::Adam optimizer{model.parameters(), {.lr = 0.001}};

  void step() {
    Tape tape;
    loss = cross_entropy(model(x), target);
    loss.backward();
    optimizer.step();
    optimizer.zero_grad();
  }
  std::vector<double> check() {
    return three([&] { return step(), loss.item(); });
  }
};

const Registered<W1> w1("W1");
const Registered<W2> w2("W2");
const Registered<W3> w3("W3");

}  // namespace
}  // namespace bench
