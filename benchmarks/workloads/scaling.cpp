// S: the same work in many sizes, per unit of it: nodes of a chain, samples of a batch, multiply-adds of a wide
// network.
#include <cmath>

#include "chain.hpp"

namespace bench {
namespace {

using namespace xgrad;

/// W1's step with another batch, per sample.
struct Batch {
  double units;
  Tensor x, target, loss;
  nn::Sequential model = two_layers();
  nn::SGD optimizer{model.parameters(), {.lr = 0.1}};

  explicit Batch(int n) : units(n), x(filled(1, {n, 784}, 0, 1)), target(labelled(2, n)) {}
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

/// Two layers of w x w, forward and backward, per multiply-add: two products forward, three backward.
struct Width {
  static constexpr int batch = 64;
  double units;
  Tensor x, target, loss;
  nn::Sequential model;

  explicit Width(int w)
      : units(5.0 * batch * w * w),
        x(filled(1, {batch, w}, 0, 1)),
        target(filled(2, {batch, w}, 0, 1)),
        model(dense({w, w, w}, {std::sqrt(6.0 / w), std::sqrt(6.0 / w)}, nn::ReLU())) {}
  void step() {
    Tape tape;
    loss = mse_loss(model(x), target);
    loss.backward();
    model.zero_grad();
  }
  std::vector<double> check() { return step(), std::vector<double>{loss.item()}; }
};

/// One of each series is part of every run, the others run when asked for.
template <class State> void list(const std::string& series, int usual, std::initializer_list<int> sizes) {
  for (const int n : sizes) {
    Registered<State>("S/" + series + "/" + std::to_string(n), n);
    workloads().back().usual = n == usual;
  }
}

const bool listed = [] {
  list<Chain>("nodes", 10'000, {1'000, 3'000, 10'000, 30'000, 100'000, 300'000, 1'000'000, 3'000'000, 10'000'000});
  list<Batch>("batch", 10, {1, 3, 10, 30, 100, 300, 1'000, 3'000, 10'000});
  list<Width>("width", 32, {16, 32, 64, 128, 256, 512, 1'024, 2'048, 4'096});
  return true;
}();

}  // namespace
}  // namespace bench
