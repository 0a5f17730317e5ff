#pragma once
#include <stdexcept>

#include <xgrad/nn/data/images.hpp>

#include "model.hpp"
#include "options.hpp"
#include "progress.hpp"

namespace mnist {

struct Results {
  std::int64_t steps = 0;
  double final_loss = 0;  // mean over the last epoch
  double train_accuracy = 0, test_accuracy = 0;
  double seconds = 0;              // training, with the test after each epoch
  double processor_seconds = 0;    // of all threads in that time
  double median_step_seconds = 0;  // forward, backward and update of one batch
};

/// The loss is no longer a number: nothing can be learned from here on.
class Diverged : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Trains the network in place.
Results train(Model& model, const xgrad::nn::TrainTest& data, const Options& options, Progress& progress);

}  // namespace mnist
