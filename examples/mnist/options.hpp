#pragma once
#include <cstdint>
#include <string>

namespace CLI {
class App;
}

namespace mnist {

/// What the command line asks for.
struct Options {
  std::string data;  // empty: look for it
  std::string model = "two-layer", optimizer = "sgd", schedule = "constant";
  std::int64_t epochs = 0, batch_size = 0;  // the model's own unless given
  double lr = 0, weight_decay = -1;         // the model's and optimizer's own unless given
  std::uint64_t seed = 1;
  int threads = 0;               // 0: the library's default
  std::int64_t limit_train = 0;  // 0: all images
  std::string json, save;        // empty: none
};

/// Adds the options to the command line; parsing it fills `options`.
void declare(CLI::App& app, Options& options);

}  // namespace mnist
