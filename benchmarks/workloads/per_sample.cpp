// W11: the gradients of W1's loss for each of the 100 samples by itself, all kept.
#include "setup.hpp"

namespace bench {
namespace {

using namespace xgrad;

struct W11 {
  Tensor x = filled(1, {100, 784}, 0, 1), target = labelled(2, 100);
  nn::Sequential model = two_layers();
  std::vector<Tensor> parameters = model.parameters();
  std::vector<std::vector<Tensor>> gradients = std::vector<std::vector<Tensor>>(100);

  void step() {
    for (std::int64_t i = 0; i < 100; ++i) {
      Tape tape;
      const Tensor loss = cross_entropy(model(slice(x, {{i, i + 1}})), slice(target, {{i, i + 1}}));
      gradients[static_cast<std::size_t>(i)] = tape.gradient(loss, parameters, {.retain_graph = false});
    }
  }
  std::vector<double> check() {
    step();
    std::vector<double> sums(4);
    for (const auto& of_sample : gradients)
      for (std::size_t p = 0; p < 4; ++p) sums[p] += magnitude(of_sample[p]);
    return sums;
  }
};

const Registered<W11> w11("W11");

}  // namespace
}  // namespace bench
