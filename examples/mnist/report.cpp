#include "report.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <xgrad/nn/data/sha256.hpp>
#include <xgrad/xgrad.hpp>

#include "recipe.hpp"

namespace mnist {

using namespace xgrad;

namespace {

/// SHA-256 over the parameters' bytes, in the order of their names.
std::string weights_sha256(const nn::Module& network) {
  auto parameters = network.named_parameters();
  std::sort(parameters.begin(), parameters.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  nn::Sha256 sum;
  for (const auto& [name, tensor] : parameters) sum.update(tensor);
  return sum.hex();
}

}  // namespace

void print_header(std::FILE* out, const Options& options, const xgrad::examples::MnistData& data, const Model& model,
                  std::int64_t held_out, const nn::TrainingState& state) {
  fmt::print(out, "{}; {} training and {} test images{}\n", data.origin, data.images.train.size(),
             data.images.test.size(), held_out ? fmt::format(", {} held out", held_out) : "");
  fmt::print(out, "{} with {} parameters: {}, lr {} {}, weight decay {}, batch size {}, epochs {}, seed {}{}\n",
             options.model, model.network.parameter_count(), options.optimizer, options.lr, options.schedule,
             options.weight_decay, options.batch_size, options.epochs, options.seed,
             (options.augment->any() ? ", augmented by " + to_string(*options.augment) : "") +
                 (options.ema > 0 ? fmt::format(", averaged by {}", options.ema) : ""));
  fmt::print(out, "{} kernels, BLAS core {}, {} threads\n", instruction_set(), blas_core(), threads());
  if (options.resume)
    fmt::print(out, "{}: {}\n", options.checkpoints,
               state.step == 0 ? "there is no checkpoint yet"
               : state.epoch == options.epochs
                   ? "all epochs are done"
                   : fmt::format("goes on behind step {}, in epoch {}", state.step, state.epoch + 1));
  std::fflush(out);
}

void print_results(std::FILE* out, const Results& results) {
  fmt::print(out, "test accuracy {:.4f}, training accuracy {:.4f}\n", results.test_accuracy, results.train_accuracy);
  fmt::print(out, "{} steps in {:.2f} s, {:.1f} us a step\n", results.steps, results.seconds,
             1e6 * results.median_step_seconds);
}

std::string json_report(const Options& options, const xgrad::examples::MnistData& data, const Model& model,
                        const Results& results) {
  const nlohmann::ordered_json report = {
      {"model", options.model},
      {"data", data.kind},
      {"train_images", data.images.train.size()},
      {"test_images", data.images.test.size()},
      {"epochs", options.epochs},
      {"batch_size", options.batch_size},
      {"optimizer", options.optimizer},
      {"schedule", options.schedule},
      {"lr", options.lr},
      {"warm_up", options.warm_up},
      {"weight_decay", options.weight_decay},
      {"augment", to_string(*options.augment)},
      {"ema", options.ema},
      {"seed", options.seed},
      {"steps", results.steps},
      {"train_accuracy", results.train_accuracy},
      {"test_accuracy", results.test_accuracy},
      {"final_loss", results.final_loss},
      {"seconds", results.seconds},
      {"processor_seconds", results.processor_seconds},
      {"median_step_seconds", results.median_step_seconds},
      {"weights_sha256", weights_sha256(model.network)},
      {"threads", threads()},
      {"instruction_set", instruction_set()},
      {"blas_core", blas_core()},
  };
  return report.dump(2) + "\n";
}

void write_page(const Options& options, const xgrad::examples::MnistData& data, Model& model, const Results& results) {
  nn::HtmlReport page("mnist " + options.model);
  page.add_run(results.run);
  std::vector<nn::Setting> rows = results.configuration;
  rows.push_back({"images", data.origin});
  rows.push_back({"parameters", std::to_string(model.network.parameter_count())});
  page.add_table("Configuration", rows);
  page.add_curves(results.history);
  page.add_confusion(results.confusion);

  nn::Batches test = in_order(model, data.images.test);
  std::vector<nn::Mistake> mistakes = nn::find_mistakes(model.network, test);
  model.network.eval();
  for (nn::Mistake& mistake : mistakes) {
    const Tensor outputs = model.network(unsqueeze(mistake.input, 0));
    mistake.probability = slice(model.probabilities(outputs), {0, mistake.predicted}).item();
  }
  page.add_mistakes(mistakes, 28, 28);
  // What looks at pixels itself can be looked at.
  const nn::NamedTensor first = model.network.named_parameters()[0];
  const Shape& shape = first.tensor.shape();
  const std::int64_t side = std::llround(std::sqrt(static_cast<double>(shape[1])));
  if (first.tensor.rank() == 4) page.add_weights("Weights " + first.name, first.tensor, shape[2], shape[3]);
  else if (first.tensor.rank() == 2 && side * side == shape[1])
    page.add_weights("Weights " + first.name, first.tensor, side, side);
  page.save(options.report);
}

}  // namespace mnist
