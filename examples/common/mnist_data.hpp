#pragma once
#include <string>

#include <xgrad/nn/data/images.hpp>

namespace xgrad::examples {

/// Images to learn from and to be tested on, and where they came from.
struct MnistData {
  nn::TrainTest images;
  const char* kind;    // "mnist" or "synthetic"
  std::string origin;  // in a sentence
};

/// MNIST from `directory` unless that is empty, from one of the usual places, or from the network; else drawn digits.
MnistData obtain_mnist(const std::string& directory);

}  // namespace xgrad::examples
