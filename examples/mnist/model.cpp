#include "model.hpp"

#include <xgrad/xgrad.hpp>

namespace mnist {

using namespace xgrad;

namespace {

/// "Deep Learning from Scratch", chapter 5: 784-50-10, ReLU, softmax cross-entropy on pixels 0..1, weights from
/// N(0, 0.01^2). He's larger ones learn faster at first and end at the same mean, but twice as far apart by seed.
Model two_layer(Random& random, std::uint64_t seed) {
  const nn::LinearOptions small{.init = [](Tensor& w, Random& r) { nn::normal_(w, r, 0, 0.01); }};
  return {nn::Sequential{nn::Linear(784, 50, random, small), nn::ReLU(), nn::Linear(50, 10, random, small)},
          {.seed = seed},
          [](const Tensor& scores, const Tensor& labels) { return cross_entropy(scores, labels); }};
}

/// "Make Your Own Neural Network" (T. Rashid, 2016): 784-100-10 without biases, half the squared error against
/// targets 0.01 and 0.99, weights from N(0, 1 / inputs).
Model sigmoid_net(Random& random, std::uint64_t seed) {
  const nn::LinearOptions plain{.bias = false, .init = [](Tensor& w, Random& r) { nn::he_normal_(w, r, 1); }};
  return {nn::Sequential{nn::Linear(784, 100, random, plain), nn::Sigmoid(), nn::Linear(100, 10, random, plain),
                         nn::Sigmoid()},
          {.seed = seed, .scaling = nn::Scaling::inset, .one_hot = true, .on = 0.99, .off = 0.01},
          [](const Tensor& outputs, const Tensor& targets) {
            const double half_mean = 0.5 / static_cast<double>(outputs.shape()[0]);
            return mse_loss(outputs, targets, Reduction::sum) * half_mean;
          }};
}

}  // namespace

Model make_model(const Options& options) {
  constexpr std::uint64_t weights_stream = 0x77656967687473;  // apart from the streams that order the images
  Random random(options.seed, weights_stream);
  return options.model == "sigmoid" ? sigmoid_net(random, options.seed) : two_layer(random, options.seed);
}

std::unique_ptr<nn::Optimizer> make_optimizer(const Options& options, const nn::Module& network) {
  const double lr = options.lr, decay = options.weight_decay;
  if (options.optimizer == "adam")
    return std::make_unique<nn::Adam>(network.parameters(), AdamOptions{.lr = lr, .weight_decay = decay});
  const double momentum = options.optimizer == "momentum" ? 0.9 : 0;
  return std::make_unique<nn::SGD>(network.parameters(),
                                   SgdOptions{.lr = lr, .momentum = momentum, .weight_decay = decay});
}

}  // namespace mnist
