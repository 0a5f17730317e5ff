// From the start of a program to its first prediction, by W1's network: for the time, the memory and the size of it.
#include <cstdio>

#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

int main() {
  using namespace xgrad;
  Random random(1);
  nn::Sequential model{nn::Affine(784, 50, random), nn::ReLU(), nn::Affine(50, 10, random)};
  const Tensor x = uniform(random, {1, 784});
  std::printf("%.3f\n", max(model(x)).item());
}
