// W6: a training step of a small convolutional network.
#include "setup.hpp"

namespace bench {
namespace {

using namespace xgrad;

struct Net : nn::Module {
  nn::Parameter w1{filled(3, {16, 1, 3, 3}, -0.3, 0.3)}, b1{zeros({16})};
  nn::Parameter w2{filled(4, {32, 16, 3, 3}, -0.1, 0.1)}, b2{zeros({32})};
  nn::Parameter w3{filled(5, {10, 1568}, -0.03, 0.03)}, b3{zeros({10})};

  Tensor forward(const Operand& x) override {
    const Tensor a = max_pool2d(relu(conv2d(x, w1, b1, {.padding = 1})), 2);
    const Tensor b = max_pool2d(relu(conv2d(a, w2, b2, {.padding = 1})), 2);
    return linear(flatten(b, 1), w3, b3);
  }
  void members(nn::Members& m) override {
    m("w1", w1), m("b1", b1), m("w2", w2), m("b2", b2), m("w3", w3), m("b3", b3);
  }
};

struct W6 {
  Tensor x = filled(1, {64, 1, 28, 28}, 0, 1), target = labelled(2, 64), loss;
  Net net;
  nn::SGD optimizer{net.parameters(), {.lr = 0.05}};

  void step() {
    Tape tape;
    loss = cross_entropy(net(x), target);
    loss.backward();
    optimizer.step();
    optimizer.zero_grad();
  }
  std::vector<double> check() {
    return three([&] { return step(), loss.item(); });
  }
};

const Registered<W6> w6("W6");

}  // namespace
}  // namespace bench
