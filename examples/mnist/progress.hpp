#pragma once
#include <utility>

#include <xgrad/nn/train/progress.hpp>

namespace mnist {

/// The library's progress line, for a loop of one's own.
class Progress {
 public:
  explicit Progress(std::FILE* out) : line_(out, "test") {}

  void begin(std::int64_t epochs, std::int64_t steps) { line_.on_start({.epochs = epochs, .steps = steps}); }
  void step(std::int64_t epoch, std::int64_t steps_done, double loss) {
    line_.on_step({.epoch = epoch + 1, .step = step_ = steps_done, .loss = loss});
  }
  void epoch(std::int64_t epoch, double loss, double test_accuracy) {
    line_.on_epoch({.epoch = epoch + 1, .step = step_, .loss = loss, .validation_accuracy = test_accuracy});
  }
  void end() { line_.on_end({}); }

 private:
  xgrad::nn::Progress line_;
  std::int64_t step_ = 0;
};

}  // namespace mnist
