// W10: a product with the Hessian of W1's loss, and the whole Jacobian of a network of 100 inputs, 100 tanh units and
// 50 outputs at one point.
#include <xgrad/transforms.hpp>

#include "setup.hpp"

namespace bench {
namespace {

using namespace xgrad;

struct Hvp {
  Tensor x = filled(1, {100, 784}, 0, 1), target = labelled(2, 100);
  std::vector<Tensor> at{filled(3, {784, 50}, -0.05, 0.05), zeros({50}), filled(4, {50, 10}, -0.2, 0.2), zeros({10})};
  std::vector<Tensor> along{filled(5, {784, 50}, -1, 1), filled(6, {50}, -1, 1), filled(7, {50, 10}, -1, 1),
                            filled(8, {10}, -1, 1)};
  std::vector<Tensor> result;

  void step() {
    result = hvp(
        [&](const std::vector<Tensor>& w) {
          return cross_entropy(affine(relu(affine(x, w[0], w[1])), w[2], w[3]), target);
        },
        at, along);
  }
  std::vector<double> check() {
    step();
    std::vector<double> got;
    for (const Tensor& t : result) got.push_back(magnitude(t));
    return got;
  }
};

struct Jacobian {
  Tensor x = filled(1, {100}, -1, 1), w1 = filled(3, {100, 100}, -0.1, 0.1), b1 = filled(4, {100}, -0.1, 0.1);
  Tensor w2 = filled(5, {50, 100}, -0.1, 0.1), b2 = filled(6, {50}, -0.1, 0.1), result;

  void step() {
    result = jacobian([&](const Tensor& in) { return linear(tanh(linear(in, w1, b1)), w2, b2); }, x);
  }
  std::vector<double> check() { return step(), std::vector<double>{magnitude(result)}; }
};

const Registered<Hvp> product("W10/hvp");
const Registered<Jacobian> whole("W10/jacobian");

}  // namespace
}  // namespace bench
