#pragma once
#include <cstdio>
#include <string>

#include <xgrad/nn/train/callback.hpp>

namespace xgrad::nn {

/// Shows how a training goes: on a terminal one line that is drawn again, with loss, accuracy, samples a second and the
/// time left; elsewhere a line for each epoch. At the end it says why the training ended.
class Progress : public Callback {
 public:
  /// `held_out` is what the data of the validation are called.
  explicit Progress(std::FILE* out = stdout, std::string held_out = "validation");

  void on_start(const TrainingPlan& plan) override;
  void on_step(const StepFigures& figures) override;
  void on_epoch(const EpochFigures& figures) override;
  void on_end(const TrainingResult& result) override;

 private:
  void draw(double now);

  std::FILE* out_;
  std::string held_out_;
  bool terminal_;
  TrainingPlan plan_;
  std::int64_t epoch_ = 1, step_ = 0;
  double loss_ = unknown, accuracy_ = unknown, held_out_accuracy_ = unknown;
  // of the epoch that is under way
  std::int64_t epoch_samples_ = 0;
  double loss_sum_ = 0, correct_ = 0;
  double start_ = 0, drawn_ = 0;
  std::int64_t samples_ = 0;  // since the start
};

}  // namespace xgrad::nn
