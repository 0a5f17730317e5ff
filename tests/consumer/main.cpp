#include <cstdio>

#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

using namespace xgrad;

// Learns which points of the plane lie in the unit circle.
int main() {
  Random random(1);
  Tensor points = uniform(random, {256, 2}, -1.5, 1.5);
  Tensor inside = to(sum(square(points), 1, true) < 1, float32);

  nn::Sequential model{nn::Linear(2, 16, random), nn::Tanh(), nn::Linear(16, 1, random)};
  nn::Adam optimizer(model.parameters(), {.lr = 0.02});
  double loss = 0;
  for (int step = 0; step < 500; ++step) {
    Tape tape;
    Tensor error = bce_with_logits(model(points), inside);
    error.backward();
    optimizer.step();
    optimizer.zero_grad();
    loss = error.item();
  }
  std::printf("loss %.3f\n", loss);
  return loss < 0.1 ? 0 : 1;
}
