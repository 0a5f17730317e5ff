#include "training.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <optional>

#include <fmt/format.h>

#include <xgrad/nn/data/sha256.hpp>
#include <xgrad/xgrad.hpp>

#include "../common/program.hpp"
#include "progress.hpp"
#include "recipe.hpp"
#include "report.hpp"

namespace mnist {

using namespace xgrad;
using examples::MnistData;

namespace {

double processor_now() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// The last `count` images go from one set to another.
nn::Images hold_out(nn::Images& images, std::int64_t count) {
  nn::Images held;
  if (count == 0) return held;
  const std::int64_t kept = images.size() - count;
  if (kept < 1) throw ValueError(fmt::format("--hold-out: {} of {} images leave none", count, images.size()));
  held.pixels.assign(images.pixels.begin() + kept * images.image_size(), images.pixels.end());
  held.labels.assign(images.labels.begin() + kept, images.labels.end());
  images.truncate(kept);
  return held;
}

/// What is trained, and how.
struct Parts {
  nn::Batches batches, validation;
  std::unique_ptr<nn::Optimizer> optimizer;
  LearningRate rate;
  std::optional<nn::ExponentialMovingAverage> average = std::nullopt;
  nn::TrainingState state;

  Parts(Model& model, const nn::Images& train, const nn::Images& held_out, const Options& options)
      : batches(train, options.batch_size, as_trained(model, options)),
        validation(in_order(model, held_out)),
        optimizer(optimizer_of(options.optimizer).make(model.network.parameters(), options.lr, options.weight_decay)),
        rate(options.schedule, *optimizer, options.lr, batches.count() * options.epochs,
             std::llround(options.warm_up * static_cast<double>(batches.count()))),
        state{.module = &model.network,
              .optimizer = optimizer.get(),
              .schedule = &rate.schedule(),
              .loader = &batches,
              .configuration = configuration(options)} {
    if (options.ema > 0) state.average = &average.emplace(model.network.parameters(), options.ema);
  }

 private:
  static nn::BatchOptions as_trained(const Model& model, const Options& options) {
    nn::BatchOptions batches = model.batches;
    batches.augment = *options.augment;
    return batches;
  }
};

/// What tells one set of images from others that have as many.
std::string describe(const MnistData& data) {
  nn::Sha256 digest;
  for (const nn::Images* images : {&data.images.train, &data.images.test})
    digest.update(images->pixels.data(), images->pixels.size()).update(images->labels.data(), images->labels.size());
  return fmt::format("{}, {} images {:.16}", data.kind, data.images.train.size(), digest.hex());
}

std::unique_ptr<nn::TrainingLog> make_log(const std::string& path) {
  if (path.empty()) return nullptr;
  if (path.ends_with(".csv")) return std::make_unique<nn::CsvLog>(path);
  return std::make_unique<nn::JsonLinesLog>(path);
}

/// A figure of the last epoch.
double last_of(const std::vector<nn::Series>& history, std::string_view name) {
  const auto found = std::find_if(history.begin(), history.end(), [&](const nn::Series& s) { return s.name == name; });
  return found == history.end() || found->values.empty() ? nn::unknown : found->values.back();
}

/// Takes the folder for this run, and puts the run where its newest checkpoint is.
void take(nn::Checkpoints& folder, nn::TrainingState& state, const Options& options) {
  folder.lock();
  if (!options.resume) {
    if (folder.files().empty()) return;
    throw ValueError(fmt::format("{} has checkpoints of a run: --resume goes on with it", folder.folder()));
  }
  std::string damaged;
  folder.resume(state, &damaged);
  if (state.epoch > options.epochs)
    throw ValueError(
        fmt::format("--epochs is {}, but the run in {} has done {}", options.epochs, folder.folder(), state.epoch));
  if (!damaged.empty()) fmt::print(stderr, "mnist: passed over: {}\n", xgrad::examples::without_places(damaged));
}

/// Trains until it is done, or a signal comes.
void run(nn::Trainer& trainer, const Options& options, Results& results, const Record& record) {
  const nn::Interrupt interrupt;
  const double start = processor_now();
  try {
    results.run = trainer.run();
  } catch (const ValueError& error) {
    if (record.ending != nn::Ending::diverged) throw;
    const std::string_view said_by = "Trainer: ";
    throw Diverged(fmt::format("{}; try a smaller --lr than {}",
                               xgrad::examples::without_places(error.what()).substr(said_by.size()), options.lr));
  }
  results.processor_seconds = processor_now() - start;
  if (results.run.ending == nn::Ending::interrupted) results.signal = interrupt.signal();
}

}  // namespace

double Record::median() {
  const auto last = times_.begin() + static_cast<std::ptrdiff_t>(std::min(count_, times_.size()));
  const auto middle = times_.begin() + (last - times_.begin()) / 2;
  std::nth_element(times_.begin(), middle, last);
  return count_ == 0 ? 0 : static_cast<double>(*middle);
}

Results train(Model& model, MnistData& data, const Options& options, std::FILE* out) {
  nn::TrainTest& images = data.images;
  const std::string set = options.checkpoints.empty() ? data.kind : describe(data);
  const bool stops_early = options.early_stop > 0;
  const std::int64_t held = options.hold_out >= 0 ? options.hold_out : stops_early ? (images.train.size() + 9) / 10 : 0;
  const nn::Images held_out = hold_out(images.train, held);
  Parts parts(model, images.train, held ? held_out : images.test, options);
  parts.state.configuration.push_back({"data", set});
  parts.state.configuration.push_back({"hold-out", std::to_string(held)});
  std::optional<nn::Checkpoints> folder;
  if (!options.checkpoints.empty()) take(folder.emplace(options.checkpoints, options.keep), parts.state, options);
  print_header(out, options, data, model, held, parts.state);

  nn::Trainer trainer(parts.state, model.loss,
                      {.epochs = options.epochs,
                       .validation = &parts.validation,
                       .one_hot = true,
                       .watch_accuracy = true,
                       .patience = options.early_stop,
                       .restore_best = stops_early,
                       .checkpoints = folder ? &*folder : nullptr,
                       .checkpoint_every = options.checkpoint_every,
                       .how_to_resume = "go on by " + options.to_resume});
  Record record;
  Line line(out, held ? "held-out" : "test");
  const auto log = make_log(options.log);
  trainer.add(record);
  if (log) trainer.add(*log);
  trainer.add(line);
  Results results;
  run(trainer, options, results, record);
  if (results.signal) return results;

  if (parts.average) parts.average->swap();
  results.history = std::move(parts.state.history);
  results.configuration = std::move(parts.state.configuration);
  results.steps = results.run.steps;
  results.seconds = results.run.seconds;
  results.median_step_seconds = record.median();
  results.final_loss = last_of(results.history, "loss");
  results.test_accuracy = accuracy(model, images.test, &results.confusion);
  results.train_accuracy = accuracy(model, images.train, nullptr);
  return results;
}

}  // namespace mnist
