#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <xgrad/nn/data/batches.hpp>

namespace CLI {
class App;
}

namespace mnist {

/// What the command line asks for.
struct Options {
  enum class Command { train, eval, predict };
  Command command = Command::train;
  std::string data;  // empty: look for it
  int threads = 0;   // 0: the library's default

  // To train.
  std::string model = "two-layer", optimizer, schedule;  // the model's own unless given, and so all that follow
  std::int64_t epochs = 0, batch_size = 0;
  double lr = 0, weight_decay = -1, warm_up = 0;
  std::optional<xgrad::nn::Augmentation> augment;
  std::uint64_t seed = 1;
  std::int64_t limit_train = 0;  // 0: all images
  std::string json, save;        // empty: none

  // To use what was trained.
  std::string weights;
  std::vector<std::string> images;
};

/// Adds the options to the command line; parsing it fills `options`.
void declare(CLI::App& app, Options& options);

}  // namespace mnist
