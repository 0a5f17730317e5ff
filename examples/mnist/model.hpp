#pragma once
#include <cstdint>
#include <string>

#include <xgrad/nn.hpp>

namespace mnist {

/// A network, what its batches look like, what it is to make small, and what its outputs say. Names and shapes are
/// PyTorch's, so that a file saved here can be loaded there.
struct Model {
  std::string name;
  xgrad::nn::Sequential network;
  xgrad::nn::BatchOptions batches;
  xgrad::Tensor (*loss)(const xgrad::Tensor& outputs, const xgrad::Tensor& labels);
  xgrad::Tensor (*probabilities)(const xgrad::Tensor& outputs);
};

Model make_model(const std::string& name, std::uint64_t seed);

/// The network's state in the safetensors format, with the model's name.
void save_model(const std::string& path, const Model& model);
/// A model from such a file, ready to be asked. IoError: anything is not as it should be.
Model load_model(const std::string& path);

/// Batches of these images in their own order, as the model wants them.
xgrad::nn::Batches in_order(const Model& model, const xgrad::nn::Images& images);

/// The part of the images that the network names rightly, and in `confusion`, unless it is null, what it takes for
/// what.
double accuracy(Model& model, const xgrad::nn::Images& images, xgrad::nn::ConfusionMatrix* confusion);

}  // namespace mnist
