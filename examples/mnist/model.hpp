#pragma once
#include <memory>

#include <xgrad/nn.hpp>

#include "options.hpp"

namespace mnist {

/// A network, what its batches look like, and what it is to make small. Names and shapes are PyTorch's, so that a file
/// saved here can be loaded there.
struct Model {
  xgrad::nn::Sequential network;
  xgrad::nn::BatchOptions batches;
  xgrad::Tensor (*loss)(const xgrad::Tensor& outputs, const xgrad::Tensor& labels);
};

Model make_model(const Options& options);
std::unique_ptr<xgrad::nn::Optimizer> make_optimizer(const Options& options, const xgrad::nn::Module& network);

}  // namespace mnist
