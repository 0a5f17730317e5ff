#include "options.hpp"

#include <filesystem>
#include <limits>
#include <string>

#include "../common/program.hpp"

namespace mnist {

using namespace xgrad::examples;

namespace {

void declare_all(CLI::App& app, Options& o) {
  constexpr std::int64_t billion = 1'000'000'000;
  constexpr double tiny = std::numeric_limits<double>::denorm_min(), huge = std::numeric_limits<double>::max();
  add_file(app, "--data", o.data, "DIR",
           "Folder with the MNIST files: IDX, gzip'd or not, or CSV.\n"
           "Else $XGRAD_DATA/mnist, ./data/mnist and the cache are looked\n"
           "through, then a download is tried; else it learns drawn digits");
  add_choice(app, "--model", o.model, "two-layer|sigmoid",
             "two-layer: 784-50-10, ReLU, softmax cross-entropy;\n"
             "sigmoid: 784-100-10, sigmoid on both layers, half squared error\n"
             "[two-layer]");
  add_number<std::int64_t>(app, "--epochs", o.epochs, 1, billion, "from 1 to 10^9",
                           "Passes over the training images [two-layer 17, sigmoid 5]");
  add_number<std::int64_t>(app, "--batch-size", o.batch_size, 1, billion, "from 1 to 10^9",
                           "Images in one step [two-layer 100, sigmoid 1]");
  add_number(app, "--lr", o.lr, tiny, huge, "above 0",
             "Learning rate\n[sgd 0.1; momentum 0.1, sigmoid 0.01; adam 0.001]");
  add_choice(app, "--optimizer", o.optimizer, "sgd|momentum|adam", "momentum is 0.9 [sgd]");
  add_number(app, "--weight-decay", o.weight_decay, 0.0, huge, "from 0",
             "What each step adds of the weights to their gradient\n[0; momentum 0.0001, sigmoid 0]");
  add_choice(app, "--schedule", o.schedule, "constant|cosine",
             "Learning rate over the steps; cosine ends at 0 [constant]");
  add_number<std::uint64_t>(app, "--seed", o.seed, 0, std::numeric_limits<std::uint64_t>::max(), "from 0 to 2^64 - 1",
                            "Of the first weights and the order of the images [1]");
  add_number(app, "--threads", o.threads, 1, 1024, "from 1 to 1024",
             "Threads to use; results do not depend on it\n[$XGRAD_THREADS, else one for each processor]");
  add_number<std::int64_t>(app, "--limit-train", o.limit_train, 1, billion, "from 1 to 10^9",
                           "Learn from the first N training images only");
  add_file(app, "--json", o.json, "FILE", "Write the results to FILE, - for standard output");
  add_file(app, "--save", o.save, "FILE", "Write the trained weights to FILE in the safetensors format");
}

/// What was not given, as the model and optimizer like it.
void fill_defaults(Options& options) {
  const bool sigmoid = options.model == "sigmoid";
  if (!options.epochs) options.epochs = sigmoid ? 5 : 17;
  if (!options.batch_size) options.batch_size = sigmoid ? 1 : 100;
  if (options.lr == 0) {
    options.lr = 0.1;
    if (options.optimizer == "momentum" && sigmoid) options.lr = 0.01;
    if (options.optimizer == "adam") options.lr = 0.001;
  }
  if (options.weight_decay < 0) options.weight_decay = options.optimizer == "momentum" && !sigmoid ? 1e-4 : 0;
}

bool same_file(const std::string& a, const std::string& b) {
  std::error_code none;  // what cannot be followed is not the same
  const auto followed = [&](const std::string& path) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path, none), none);
  };
  return a == b || (!a.empty() && !b.empty() && followed(a) == followed(b) && !none);
}

}  // namespace

void declare(CLI::App& app, Options& options) {
  declare_all(app, options);
  app.final_callback([&] {
    if (!options.save.empty() && same_file(options.save, options.json))
      throw CLI::ValidationError("--save and --json name the same file");
    fill_defaults(options);
  });
}

}  // namespace mnist
