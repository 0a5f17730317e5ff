// W7: a chain of element-by-element operations and its gradients.
#include "setup.hpp"

namespace bench {
namespace {

using namespace xgrad;

struct W7 {
  Tensor a, b, c, y;
  explicit W7(std::int64_t n)
      : a(variable(filled(1, {n}, -1, 1))), b(variable(filled(2, {n}, -1, 1))), c(variable(filled(3, {n}, -1, 1))) {}

  void sweep() {
    Tape tape;
    y = sum(sigmoid(a * b + c));
    y.backward();
    y = y.detach();
  }
  void forget() {
    a.zero_grad();
    b.zero_grad();
    c.zero_grad();
  }
  void step() {
    sweep();
    forget();
  }
  std::vector<double> check() {
    sweep();
    std::vector<double> got{y.item(), magnitude(a.grad()), magnitude(b.grad()), magnitude(c.grad())};
    forget();
    return got;
  }
};

const Registered<W7> small("W7/1e4", 10'000), large("W7/1e6", 1'000'000);

}  // namespace
}  // namespace bench
