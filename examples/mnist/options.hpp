#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <xgrad/nn/data/batches.hpp>
#include <xgrad/nn/train/checkpoint.hpp>

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
  std::int64_t limit_train = 0;         // 0: all images
  std::int64_t hold_out = -1;           // of them; -1: a tenth for early_stop, else none
  std::int64_t early_stop = 0;          // epochs without a better accuracy on those; 0: never
  double ema = 0;                       // 0: none
  std::string json, save, log, report;  // empty: none

  // To be cut off and go on.
  std::string checkpoints;  // empty: none
  std::int64_t checkpoint_every = 0;
  int keep = 3;
  bool resume = false;
  std::string to_resume;  // the command that goes on from there

  // To use what was trained.
  std::string weights;
  std::vector<std::string> images;
};

/// What decides on the weights that come out, by the options' names: a run that goes on has to have the same.
std::vector<xgrad::nn::Setting> configuration(const Options& options);

/// Adds the options to the command line; parsing it fills `options`.
void declare(CLI::App& app, Options& options);

}  // namespace mnist
