#pragma once
#include <cstdio>
#include <stdexcept>

#include <xgrad/nn.hpp>

#include "../common/mnist_data.hpp"
#include "model.hpp"
#include "options.hpp"

namespace mnist {

struct Results {
  int signal = 0;  // that cut the training off; then there are no figures
  std::int64_t steps = 0;
  double final_loss = 0;  // mean over the last epoch
  double train_accuracy = 0, test_accuracy = 0;
  double seconds = 0;              // training, with the test after each epoch
  double processor_seconds = 0;    // of all threads in that time
  double median_step_seconds = 0;  // forward, backward and update of one batch
  xgrad::nn::TrainingResult run = {};
  std::vector<xgrad::nn::Series> history = {};
  std::vector<xgrad::nn::Setting> configuration = {};
  xgrad::nn::ConfusionMatrix confusion{10};  // of the test images
};

/// The loss is no longer a number: nothing can be learned from here on.
class Diverged : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Trains the network in place, and tests it. What is about to be done, and how it goes, is told on `out`. The images
/// that `options` hold out are taken from the training images.
Results train(Model& model, xgrad::examples::MnistData& data, const Options& options, std::FILE* out);

}  // namespace mnist
