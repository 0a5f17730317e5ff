// W7: a chain of element-by-element operations and its gradients.
#include <xgrad/compile.hpp>

#include "setup.hpp"

namespace bench {
namespace {

using namespace xgrad;

struct W7 {
  Tensor a, b, c, y;
  virtual ~W7() = default;
  explicit W7(std::int64_t n)
      : a(variable(filled(1, {n}, -1, 1))), b(variable(filled(2, {n}, -1, 1))), c(variable(filled(3, {n}, -1, 1))) {}

  Tensor run() {
    Tape tape;
    const Tensor result = sum(sigmoid(a * b + c));
    result.backward();
    return result.detach();
  }
  virtual void sweep() { y = run(); }
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

struct Compiled : W7 {
  using W7::W7;
  Compiled(const Compiled&) = delete;

  struct Step {
    W7* self;
    std::vector<Tensor> operator()(const std::vector<Tensor>&) const { return {self->run()}; }
  };
  xgrad::Compiled<Step> compiled = compile(Step{this});
  void sweep() override { y = compiled({})[0]; }
};

const Registered<W7> small("W7/1e4", 10'000), large("W7/1e6", 1'000'000);
const Registered<Compiled> small_compiled("W7/1e4/compiled", 10'000), large_compiled("W7/1e6/compiled", 1'000'000);

}  // namespace
}  // namespace bench
