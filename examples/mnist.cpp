// Learns to read handwritten digits, from MNIST or from digits it draws itself: see mnist --help.
#include <fmt/format.h>

#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "common/mnist_data.hpp"
#include "common/program.hpp"
#include "mnist/model.hpp"
#include "mnist/options.hpp"
#include "mnist/report.hpp"
#include "mnist/training.hpp"
#include "mnist/use.hpp"

namespace {

using namespace mnist;
using namespace xgrad::examples;
using xgrad::nn::FileWriter;

/// Better now than after the training.
void check_writable(const std::string& path) { FileWriter unused(path); }

/// The command that goes on with this run.
std::string to_resume(int argc, char** argv, bool resumes) {
  constexpr const char* plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./=,:-+@%_";
  std::string command;
  for (int i = 0; i < argc; ++i) {
    const std::string_view word = argv[i];
    command += i > 0 ? " " : "";
    if (!word.empty() && word.find_first_not_of(plain) == word.npos) {
      command += word;
      continue;
    }
    command += '\'';
    for (const char c : word) command += c == '\'' ? std::string("'\\''") : std::string(1, c);
    command += '\'';
  }
  return command + (resumes ? "" : " --resume");
}

/// Returns the exit status.
int train(const Options& options) {
  const bool json_to_stdout = options.json == "-";
  if (!options.json.empty() && !json_to_stdout) check_writable(options.json);
  for (const std::string* path : {&options.save, &options.log, &options.report})
    if (!path->empty()) check_writable(*path);
  if (options.threads) xgrad::set_threads(options.threads);

  MnistData data = obtain_mnist(options.data);
  if (options.limit_train) data.images.train.truncate(options.limit_train);
  Model model = make_model(options.model, options.seed);
  std::FILE* const out = json_to_stdout ? stderr : stdout;
  const Results results = train(model, data, options, out);
  if (results.signal) return 128 + results.signal;  // as if it had ended by that
  print_results(out, results);

  if (!options.save.empty()) save_model(options.save, model);
  if (!options.report.empty()) write_page(options, data, model, results);
  if (options.json.empty()) return 0;
  const std::string report = json_report(options, data, model, results);
  if (json_to_stdout) {
    fmt::print("{}", report);
    return 0;
  }
  FileWriter file(options.json);
  file.write(report);
  file.commit();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Learns to read handwritten digits: trains a network on MNIST and tests it.\n"
      "What it saved is tested again by mnist eval, and reads images by mnist predict.",
      "mnist");
  Options options;
  declare(app, options);
  int status = 0;
  const int problem = run(app, argc, argv, [&] {
    options.to_resume = to_resume(argc, argv, options.resume);
    switch (options.command) {
      case Options::Command::train: status = train(options); break;
      case Options::Command::eval: return evaluate(options);
      case Options::Command::predict: return predict(options);
    }
  });
  return problem ? problem : status;
}
