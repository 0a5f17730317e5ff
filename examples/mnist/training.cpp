#include "training.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>

#include <fmt/format.h>

#include <xgrad/xgrad.hpp>

#include "recipe.hpp"

namespace mnist {

using namespace xgrad;

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
double processor_now() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

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

/// The part of the images that the network names rightly.
double test(Model& model, nn::Batches& batches, const nn::Images& images) {
  model.network.eval();
  std::int64_t correct = 0;
  for (auto [pixels, labels] : batches.epoch(0)) correct += nn::count_correct(model.network(pixels), labels);
  model.network.train();
  return static_cast<double>(correct) / static_cast<double>(images.size());
}

void check_finite(const Model& model, std::int64_t steps, double lr) {
  for (const auto& [name, weights] : model.network.named_parameters())
    if (all(isfinite(weights)).item() == 0)
      throw Diverged(fmt::format("{} is not finite after {} steps: try a smaller --lr than {}", name, steps, lr));
}

}  // namespace

Results train(Model& model, const nn::TrainTest& data, const Options& options, Progress& progress) {
  nn::BatchOptions as_trained = model.batches;
  as_trained.augment = *options.augment;
  nn::Batches batches(data.train, options.batch_size, as_trained), test_batches = in_order(model, data.test);
  const auto optimizer =
      optimizer_of(options.optimizer).make(model.network.parameters(), options.lr, options.weight_decay);
  const std::int64_t all_steps = batches.count() * options.epochs;
  LearningRate rate(options.schedule, *optimizer, options.lr, all_steps,
                    std::llround(options.warm_up * static_cast<double>(batches.count())));
  // One batch: forward, backward, update.
  const auto step = [&](const Tensor& images, const Tensor& labels) {
    Tape tape;
    const Tensor loss = model.loss(model.network(images), labels);
    loss.backward();
    optimizer->step();
    optimizer->zero_grad();
    return loss;
  };

  Results results;
  StepTimes times;
  const double start = now(), processor_start = processor_now();
  progress.begin(options.epochs, all_steps);
  for (std::int64_t epoch = 0; epoch < options.epochs; ++epoch) {
    double loss_sum = 0;
    std::int64_t steps = 0;
    for (const nn::Batch& batch : batches.epoch(epoch)) {
      const double step_start = now();
      loss_sum += step(batch.input, batch.target).item();
      times.add(now() - step_start);
      rate.step();
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
  check_finite(model, results.steps, options.lr);
  results.seconds = now() - start;
  results.processor_seconds = processor_now() - processor_start;
  progress.end();
  results.median_step_seconds = times.median();
  nn::Batches train_batches = in_order(model, data.train);
  results.train_accuracy = test(model, train_batches, data.train);
  return results;
}

}  // namespace mnist
