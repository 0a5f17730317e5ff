// What accompanies a training: interrupts, the progress line, logs.
#include <csignal>
#include <xgrad/nn.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include "catch.hpp"
#include "data_files.hpp"

using namespace xgrad;
using namespace xgrad::tests;

TEST_CASE("Interrupt: the handlers from before come back, and a second signal ends the process") {
  static volatile std::sig_atomic_t mine = 0;
  const auto before = std::signal(SIGTERM, [](int) { mine = 1; });
  CHECK_FALSE(nn::Interrupt::requested());
  {
    const nn::Interrupt outer;
    {
      const nn::Interrupt inner;
      std::raise(SIGTERM);
      CHECK(nn::Interrupt::signal() == SIGTERM);
    }
    CHECK(nn::Interrupt::requested());
  }
  CHECK_FALSE(nn::Interrupt::requested());
  CHECK(mine == 0);
  std::raise(SIGTERM);
  CHECK(mine == 1);
  std::signal(SIGTERM, before);

  const pid_t child = ::fork();
  if (child == 0) {
    const nn::Interrupt guard;
    std::raise(SIGINT);
    if (!nn::Interrupt::requested()) ::_exit(1);
    std::raise(SIGINT);
    ::_exit(2);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGINT));
}

TEST_CASE("Progress: plain lines where there is no terminal") {
  const TempFolder folder;
  const std::string path = folder / "out";
  std::FILE* const file = std::fopen(path.c_str(), "w");
  REQUIRE(file);
  nn::Progress progress(file, "test");
  progress.on_start({.epochs = 2, .steps = 4});
  for (std::int64_t step = 1; step <= 2; ++step)
    progress.on_step({.epoch = 1, .step = step, .loss = 0.5, .accuracy = 0.25, .samples = 8});
  progress.on_epoch(
      {.epoch = 1, .step = 2, .loss = 0.5, .accuracy = 0.25, .validation_loss = 0.4, .validation_accuracy = 0.75});
  progress.on_end({.message = "interrupted"});
  std::fclose(file);
  CHECK_THAT(content_of(path),
             Catch::Matchers::Matches("epoch  1/2  loss 0\\.5000  accuracy 0\\.2500  test loss 0\\.4000  "
                                      "test accuracy 0\\.7500  \\d+/s  \\d+\\.\\d s\ninterrupted\n"));
}

TEST_CASE("Logs: what was there, and cannot be written") {
  const TempFolder folder;
  const std::string path = folder.write("old.csv", "epoch,step,loss\n1,8,0.5\n2,16,0.4\n3,");
  nn::CsvLog log(path);
  log.on_start({.epochs = 3, .steps = 24, .epochs_done = 1, .steps_done = 10});
  log.on_epoch({.epoch = 2, .step = 16, .loss = 0.25, .lr = 0.1, .seconds = 2});
  log.on_end({});
  CHECK(content_of(path) == "epoch,step,loss\n1,8,0.5\n2,16,0.25,,,,0.1,2\n");
  log.on_start({.epochs = 3, .steps = 24});  // anew
  log.on_epoch({.epoch = 1, .step = 8, .loss = 0.25, .validation_accuracy = 0.5, .lr = 0.1, .seconds = 2});
  CHECK(content_of(path) ==
        "epoch,step,loss,accuracy,validation_loss,validation_accuracy,lr,seconds\n1,8,0.25,,,0.5,0.1,2\n");

  nn::JsonLinesLog json(folder / "log.jsonl");
  json.on_start({});
  json.on_epoch({.epoch = 1, .step = 8, .loss = 0.25, .lr = 0.1, .seconds = 2});
  CHECK(content_of(folder / "log.jsonl") ==
        "{\"epoch\":1,\"step\":8,\"loss\":0.25,\"accuracy\":null,\"validation_loss\":null,"
        "\"validation_accuracy\":null,\"lr\":0.1,\"seconds\":2}\n");

  nn::CsvLog nowhere(folder / "no/such/folder.csv");
  CHECK_THROWS_AS(nowhere.on_start({}), IoError);
}
