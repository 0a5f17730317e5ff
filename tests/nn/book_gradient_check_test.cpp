// The gradient check of "Deep Learning from Scratch", section 5.7.4: TwoLayerNet (784-50-10) on three training images.
#include <catch.hpp>
#include <cmath>
#include <cstdlib>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

using namespace xgrad;

namespace {

/// Three images: MNIST's first where $XGRAD_DATA has it, else drawn ones.
std::pair<Tensor, Tensor> three_samples() {
  const char* data = std::getenv("XGRAD_DATA");
  nn::Images train = data ? nn::load_mnist(std::string(data) + "/mnist").train : nn::synthetic_digits(3, 1).train;
  train.truncate(3);
  const auto [images, labels] = nn::to_tensors(train, {.dtype = float64, .one_hot = true});
  return {images, labels};
}

/// The mean over w's elements of |numeric - by reverse mode|, numeric by the book's central difference, h = 1e-4.
template <class Loss> double mean_difference(Tensor w, const Tensor& grad, Loss loss) {
  constexpr double h = 1e-4;
  double sum = 0;
  for (std::int64_t i = 0; i < w.size(); ++i) {
    const double value = w.data<double>()[i];
    const auto at = [&](double x) {
      w.mutable_data<double>()[i] = x;
      return loss().item();
    };
    const double numeric = (at(value + h) - at(value - h)) / (2 * h);
    w.mutable_data<double>()[i] = value;
    sum += std::abs(numeric - grad.data<double>()[i]);
  }
  return sum / static_cast<double>(w.size());
}

}  // namespace

TEST_CASE("the gradient check of the book's two-layer net is at least as close as the book's", "[nn][long]") {
  const auto [images, labels] = three_samples();
  Random random(1);
  const auto init = [](Tensor& w, Random& r) { nn::normal_(w, r, 0, 0.01); };
  nn::Sequential net(nn::Affine(784, 50, random, {.init = init, .dtype = float64}), nn::ReLU(),
                     nn::Affine(50, 10, random, {.init = init, .dtype = float64}));
  const auto loss = [&, &images = images, &labels = labels] { return cross_entropy(net(images), labels); };
  const auto parameters = net.parameters();
  Tape tape;
  const auto gradients = tape.gradient(loss(), parameters);

  const double book[] = {3.9e-10, 2.5e-9, 5.5e-9, 1.4e-7};  // W1, b1, W2, b2
  for (std::size_t i = 0; i < 4; ++i) {
    const double difference = no_grad([&] { return mean_difference(parameters[i], gradients[i], loss); });
    INFO("parameter " << i << ": mean difference " << difference);
    CHECK(difference <= book[i]);
    CHECK(difference > 0);
  }
}
