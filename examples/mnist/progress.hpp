#pragma once
#include <vector>

#include <xgrad/nn/train/progress.hpp>

namespace mnist {

/// The library's line. How a run ends that did what it should, the program says itself, as it does what is wrong.
class Line : public xgrad::nn::Progress {
 public:
  using Progress::Progress;
  void on_end(const xgrad::nn::TrainingResult& result) override {
    xgrad::nn::TrainingResult told = result;
    if (result.ending == xgrad::nn::Ending::finished || result.ending == xgrad::nn::Ending::diverged)
      told.message.clear();
    Progress::on_end(told);
  }
};

/// How long the latest steps took, of those since the program was started, and how it ended. Its memory is all taken at
/// the start, so that a long run stays flat.
class Record : public xgrad::nn::Callback {
 public:
  void on_step(const xgrad::nn::StepFigures& figures) override {
    times_[count_++ % times_.size()] = static_cast<float>(figures.seconds - figures.data_seconds);
  }
  void on_end(const xgrad::nn::TrainingResult& result) override { ending = result.ending; }
  double median();

  xgrad::nn::Ending ending = xgrad::nn::Ending::stopped;

 private:
  std::vector<float> times_ = std::vector<float>(1 << 16);
  std::size_t count_ = 0;
};

}  // namespace mnist
