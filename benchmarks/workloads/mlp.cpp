// W1, W2, W3: training steps of small dense networks, as they are and compiled.
#include <xgrad/compile.hpp>

#include "setup.hpp"

namespace bench {
namespace {

using namespace xgrad;

template <class Optimizer, class Options> struct Training {
  using Error = Tensor (*)(const Tensor& y, const Tensor& target);
  Tensor x, target, loss;
  nn::Sequential model;
  Optimizer optimizer;
  Error error;

  Training(Tensor in, Tensor wanted, nn::Sequential net, const Options& options, Error e)
      : x(std::move(in)),
        target(std::move(wanted)),
        model(std::move(net)),
        optimizer(model.parameters(), options),
        error(e) {}

  Tensor run(const Tensor& in, const Tensor& wanted) {
    Tape tape;
    const Tensor result = error(model(in), wanted);
    result.backward();
    optimizer.step();
    optimizer.zero_grad();
    return result;
  }
  void step() { loss = run(x, target); }
  std::vector<double> check() {
    return three([&] { return step(), loss.item(); });
  }
};
using Descent = Training<nn::SGD, SgdOptions>;

Tensor class_error(const Tensor& y, const Tensor& labels) { return cross_entropy(y, labels); }
Tensor half_squared_error(const Tensor& y, const Tensor& wanted) { return 0.5 * mse_loss(y, wanted, Reduction::sum); }

struct W1 : Descent {
  explicit W1(std::int64_t batch)
      : Descent(filled(1, {batch, 784}, 0, 1), labelled(2, batch), two_layers(), {.lr = 0.1}, class_error) {}
};
struct W2 : Descent {
  W2()
      : Descent(filled(1, {1, 784}, 0, 1), filled(2, {1, 10}, 0, 1),
                dense({784, 100, 10}, {0.05, 0.2}, nn::Sigmoid(), true), {.lr = 0.1}, half_squared_error) {}
};
struct W3 : Training<nn::Adam, AdamOptions> {
  W3()
      : Training(filled(1, {128, 784}, 0, 1), labelled(2, 128),
                 dense({784, 512, 512, 10}, {0.05, 0.06, 0.06}, nn::ReLU()), {.lr = 0.001}, class_error) {}
};

/// The same step by a plan.
template <class W> struct Compiled : W {
  using W::W;
  Compiled(const Compiled&) = delete;

  struct Step {
    W* self;
    Tensor operator()(const Tensor& in, const Tensor& wanted) const { return self->run(in, wanted); }
  };
  xgrad::Compiled<Step> compiled = compile(Step{this});

  void step() { this->loss = compiled(this->x, this->target); }
  std::vector<double> check() {
    return three([&] { return step(), this->loss.item(); });
  }
};

template <class W, class... Arguments> void list(const std::string& name, Arguments... arguments) {
  Registered<W>(name, arguments...);
  Registered<Compiled<W>>(name + "/compiled", arguments...);
}
const bool listed = [] {
  list<W1>("W1", std::int64_t{100});
  list<W1>("W1/1", std::int64_t{1});
  list<W2>("W2");
  list<W3>("W3");
  return true;
}();

}  // namespace
}  // namespace bench
