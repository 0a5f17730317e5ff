#pragma once
#include <vector>

#include <xgrad/nn/optim/state.hpp>
#include <xgrad/ops/update.hpp>

namespace xgrad::nn {

/// The exponential moving average of weights, which often predicts better than the last of them:
///     nn::ExponentialMovingAverage average(net.parameters(), 0.999);
///     ... optimizer.step(); average.update();
///     average.swap();  // the net has the averages
///     ... evaluate ...
///     average.swap();  // and its own weights again
class ExponentialMovingAverage {
 public:
  /// Starts as the parameters are. ValueError: no parameters, decay outside [0, 1].
  explicit ExponentialMovingAverage(std::vector<Tensor> parameters, double decay = 0.999, Site site = Site::here());
  /// average = decay average + (1 - decay) parameter.
  void update(Site site = Site::here());
  /// Exchanges parameters and averages.
  void swap(Site site = Site::here());
  const std::vector<Tensor>& averages() const noexcept { return averages_; }

  std::vector<NamedTensor> state() const;
  void load_state(const std::vector<NamedTensor>& state, Site site = Site::here());

 private:
  std::vector<Tensor> parameters_, averages_;
  Tensor take_;        // 1 - decay
  UpdateState count_;  // of updates, which nobody asks for
};

}  // namespace xgrad::nn
