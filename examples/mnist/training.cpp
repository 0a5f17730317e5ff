#include "training.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/xgrad.hpp>

namespace mnist {

using namespace xgrad;

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// The times of the latest steps. Its memory is all taken at the start, so that a long run stays flat.
class StepTimes {
 public:
  void add(double seconds) noexcept { times_[count_++ % times_.size()] = static_cast<float>(seconds); }
  double median() {
    const auto last = times_.begin() + static_cast<std::ptrdiff_t>(std::min(count_, times_.size()));
    const auto middle = times_.begin() + (last - times_.begin()) / 2;
    std::nth_element(times_.begin(), middle, last);
    return count_ == 0 ? 0 : static_cast<double>(*middle);
  }

 private:
  std::vector<float> times_ = std::vector<float>(1 << 16);
  std::size_t count_ = 0;
};

/// One batch: forward, backward, update. Returns its loss.
double step(Model& model, nn::Optimizer& optimizer, const nn::Batch& batch) {
  Tape tape;
  const Tensor loss = model.loss(model.network(batch.input), batch.target);
  loss.backward();
  optimizer.step();
  optimizer.zero_grad();
  return loss.item();
}

/// The part of the images that the network names rightly.
double test(Model& model, nn::Batches& batches, const nn::Images& images) {
  std::int64_t correct = 0;
  for (auto [pixels, labels] : batches.epoch(0)) correct += nn::count_correct(model.network(pixels), labels);
  return static_cast<double>(correct) / static_cast<double>(images.size());
}

nn::Batches in_order(const Model& model, const nn::Images& images) {
  nn::BatchOptions options = model.batches;
  options.shuffle = false;
  return nn::Batches(images, 1000, options);
}

}  // namespace

Results train(Model& model, const nn::TrainTest& data, const Options& options, Progress& progress) {
  nn::Batches batches(data.train, options.batch_size, model.batches);
  nn::Batches test_batches = in_order(model, data.test);
  const auto optimizer = make_optimizer(options, model.network);
  const std::int64_t all_steps = batches.count() * options.epochs;
  Results results;
  StepTimes times;
  const double start = now();
  progress.begin(options.epochs, all_steps);
  for (std::int64_t epoch = 0; epoch < options.epochs; ++epoch) {
    double loss_sum = 0;
    std::int64_t steps = 0;
    for (const nn::Batch& batch : batches.epoch(epoch)) {
      if (options.schedule == "cosine") optimizer->set_lr(nn::cosine_lr(options.lr, results.steps, all_steps));
      const double step_start = now();
      loss_sum += step(model, *optimizer, batch);
      times.add(now() - step_start);
      ++results.steps;
      if (!std::isfinite(loss_sum))
        throw Diverged(
            fmt::format("the loss is not finite at step {}: try a smaller --lr than {}", results.steps, options.lr));
      progress.step(epoch, results.steps, loss_sum / static_cast<double>(++steps));
    }
    results.final_loss = loss_sum / static_cast<double>(steps);
    results.test_accuracy = test(model, test_batches, data.test);
    progress.epoch(epoch, results.final_loss, results.test_accuracy);
  }
  for (const auto& [name, weights] : model.network.named_parameters())
    if (all(isfinite(weights)).item() == 0)
      throw Diverged(
          fmt::format("{} is not finite after {} steps: try a smaller --lr than {}", name, results.steps, options.lr));
  results.seconds = now() - start;
  progress.end();
  results.median_step_seconds = times.median();
  nn::Batches train_batches = in_order(model, data.train);
  results.train_accuracy = test(model, train_batches, data.train);
  return results;
}

}  // namespace mnist
