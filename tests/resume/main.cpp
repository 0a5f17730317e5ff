// resume FOLDER STEPS THREADS WORKERS: goes on from the newest checkpoint in the folder, or starts, and writes one
// after each step; a dot on stdout says that one is safe. At the end the last line is the digest of all that there is
// then. Whoever kills it has a test in tests/nn.
#include <cstdio>
#include <cstdlib>

#include "run.hpp"

int main(int count, char** arguments) try {
  using namespace xgrad;
  if (count != 5) return 2;
  const std::string folder = arguments[1];
  const int steps = std::atoi(arguments[2]);
  set_threads(std::atoi(arguments[3]));
  const auto say = [](const std::string& text) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
  };
  tests::Run run({.in = 64, .hidden = 96, .samples = 150, .batch_size = 16, .workers = std::atoi(arguments[4])});
  nn::Checkpoints checkpoints(folder);
  std::string refused;
  checkpoints.resume(run.state, &refused);
  if (!refused.empty()) throw IoError(refused);  // a kill damages nothing
  run.train_to(steps, [&] {
    checkpoints.save(run.state);
    say(".");
  });
  say("\n" + run.digest() + "\n");
} catch (const std::exception& error) {
  std::fprintf(stderr, "resume: %s\n", error.what());
  return 1;
}
