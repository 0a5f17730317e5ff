// W12: predictions of W1's network.
#include "setup.hpp"

namespace bench {
namespace {

using namespace xgrad;

struct W12 {
  Tensor x, logits;
  nn::Sequential model = two_layers();
  explicit W12(std::int64_t n) : x(filled(1, {n, 784}, 0, 1)) {}

  void step() { logits = model(x); }
  std::vector<double> check() { return step(), std::vector<double>{magnitude(logits)}; }
};

const Registered<W12> one("W12/1", 1), many("W12/10000", 10'000);

}  // namespace
}  // namespace bench
