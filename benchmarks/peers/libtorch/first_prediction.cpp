// From the start of a program to its first prediction, by W1's network.
#include <cstdio>

#include <torch/torch.h>

int main() {
  torch::InferenceMode guard;
  torch::nn::Sequential net(torch::nn::Linear(784, 50), torch::nn::ReLU(), torch::nn::Linear(50, 10));
  std::printf("%.3f\n", net->forward(torch::rand({1, 784})).max().item<double>());
}
