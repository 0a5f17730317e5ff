// Learns to read handwritten digits, from MNIST or from digits it draws itself: see mnist --help.
#include <fmt/format.h>

#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "common/mnist_data.hpp"
#include "common/program.hpp"
#include "mnist/model.hpp"
#include "mnist/options.hpp"
#include "mnist/progress.hpp"
#include "mnist/report.hpp"
#include "mnist/training.hpp"
#include "mnist/use.hpp"

namespace {

using namespace mnist;
using namespace xgrad::examples;
using xgrad::nn::FileWriter;

/// Better now than after the training.
void check_writable(const std::string& path) { FileWriter unused(path); }

void train(const Options& options) {
  const bool json_to_stdout = options.json == "-";
  if (!options.json.empty() && !json_to_stdout) check_writable(options.json);
  if (!options.save.empty()) check_writable(options.save);
  if (options.threads) xgrad::set_threads(options.threads);

  MnistData data = obtain_mnist(options.data);
  if (options.limit_train) data.images.train.truncate(options.limit_train);
  Model model = make_model(options.model, options.seed);
  std::FILE* const out = json_to_stdout ? stderr : stdout;
  print_header(out, options, data, model);
  Progress progress(out);
  const Results results = train(model, data.images, options, progress);
  print_results(out, results);

  if (!options.save.empty()) save_model(options.save, model);
  if (options.json.empty()) return;
  const std::string report = json_report(options, data, model, results);
  if (json_to_stdout) {
    fmt::print("{}", report);
    return;
  }
  FileWriter file(options.json);
  file.write(report);
  file.commit();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Learns to read handwritten digits: trains a network on MNIST and tests it.\n"
      "What it saved is tested again by mnist eval, and reads images by mnist predict.",
      "mnist");
  Options options;
  declare(app, options);
  return run(app, argc, argv, [&] {
    switch (options.command) {
      case Options::Command::train: return train(options);
      case Options::Command::eval: return evaluate(options);
      case Options::Command::predict: return predict(options);
    }
  });
}
