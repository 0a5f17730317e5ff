// What a checkpoint holds, and that it is loaded whole or not at all.
#include <catch.hpp>

#include <latch>
#include <thread>

#include "../resume/run.hpp"
#include "data_files.hpp"
#include "same_tensors.hpp"

using namespace xgrad;
using namespace xgrad::tests;
namespace fs = std::filesystem;

namespace {

struct Threads {
  explicit Threads(int count) { set_threads(count); }
  ~Threads() { set_threads(before); }
  Threads(const Threads&) = delete;
  int before = threads();
};

std::size_t entries(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {}));
}

/// A training that has done a few steps.
struct Trained : Run {
  explicit Trained(const RunOptions& options = {}, std::int64_t steps = 3) : Run(options) {
    train_to(steps, [] {});
  }
};

}  // namespace

TEST_CASE("checkpoint: a resumed training has the bits of the one that went on, from every batch, on any threads") {
  const TempFolder folder;
  const RunOptions options{.seed = 1, .in = 200, .hidden = 64, .samples = 460, .batch_size = 80};
  constexpr std::int64_t last = 13;  // two epochs and a batch
  std::vector<std::string> paths;
  std::string expected;
  {
    const Threads scope(1);
    nn::Checkpoints checkpoints(folder.path(), 100);
    Run whole(options);
    checkpoints.save(whole.state);
    whole.train_to(last, [&] { checkpoints.save(whole.state); });
    expected = whole.digest();
    paths = checkpoints.files();
  }
  REQUIRE(paths.size() == last + 1);
  for (const int threads : {1, 2, 4})
    for (const int workers : {0, 2}) {
      const Threads scope(threads);
      for (std::size_t i = 0; i < paths.size(); ++i) {
        RunOptions other = options;
        other.seed = 99;
        other.workers = workers;
        Run resumed(other);
        if (i % 2 == 0) resumed.train_to(2, [] {});  // what it did before does not matter
        nn::load_checkpoint(paths[i], resumed.state);
        CHECK(resumed.state.step == last - static_cast<std::int64_t>(i));
        resumed.train_to(last, [] {});
        INFO(threads << " threads, " << workers << " workers, " << paths[i]);
        CHECK(resumed.digest() == expected);
      }
    }
}

TEST_CASE("checkpoint: what the file says, to other programs too") {
  const TempFolder folder;
  const std::string path = folder / "c.safetensors";
  Trained run({}, 7);
  run.state.configuration.push_back({"a \"name\" ü", "line\nline"});
  run.state.history.push_back({"nothing", {}});
  nn::save_checkpoint(path, run.state);

  const nn::TrainingState told = nn::describe_checkpoint(path);
  CHECK((told.step == 7 && told.epoch == 1 && told.module == nullptr));
  REQUIRE(told.configuration.size() == 3);
  CHECK((told.configuration[0].name == "a \"name\" ü" && told.configuration[0].value == "line\nline"));
  REQUIRE(told.history.size() == 3);
  for (const auto& [name, values] : told.history)
    if (name == "loss") CHECK(values == run.state.history[0].values);

  const std::vector<nn::NamedTensor> tensors = nn::load_safetensors(path);
  CHECK(tensors.back().name == "checksum");
  const std::string content = content_of(path);
  CHECK(std::memcmp(tensors.back().tensor.data<std::int64_t>(), content.data() + content.size() - 32, 32) == 0);
  nn::Sha256 sum;
  unsigned char digest[32];
  sum.update(content.data(), content.size() - 32).digest(digest);
  CHECK(std::memcmp(digest, content.data() + content.size() - 32, 32) == 0);
  const auto has = [&](const std::string& name) {
    return std::any_of(tensors.begin(), tensors.end(), [&](const nn::NamedTensor& t) { return t.name == name; });
  };
  for (const char* name : {"module.0.weight", "module.1.running_mean", "optimizer.exp_avg.0", "schedule.step",
                           "average.average.0", "loader.batch", "random.noise", "history.loss", "run.step"}) {
    INFO(name);
    CHECK(has(name));
  }

  Run other({.seed = 5});
  nn::load_weights(path, other.net);
  CHECK(same(other.net.state(), run.net.state()));
  CHECK(other.optimizer.state().size() == 1);
}

TEST_CASE("checkpoint: a plateau's count, frozen weights and a net in float64") {
  const TempFolder folder;
  const std::string path = folder / "c.safetensors";
  const auto make = [&](std::uint64_t seed, auto use) {
    Random random(seed);
    nn::Linear net(3, 2, random);
    net.to(float64);
    nn::SGD optimizer(net.parameters(), {.lr = 0.5, .momentum = 0.9});
    net.freeze("bias");
    nn::ReduceLROnPlateau plateau(optimizer, {.patience = 2});
    nn::TrainingState state{.module = &net, .optimizer = &optimizer, .plateau = &plateau};
    const auto step = [&] {
      Tape tape;
      const Tensor loss = mean(square(net(ones({4, 3}, float64))));
      loss.backward();
      optimizer.step();
      optimizer.zero_grad();
      plateau.step(1);
      ++state.step;
    };
    use(state, step);
    return net.state();
  };
  std::vector<nn::NamedTensor> expected = make(1, [&](nn::TrainingState& state, auto step) {
    for (int i = 0; i < 8; ++i) {
      if (i == 3) nn::save_checkpoint(path, state);
      step();
    }
  });
  const auto resumed = make(2, [&](nn::TrainingState& state, auto step) {
    nn::load_checkpoint(path, state);
    while (state.step < 8) step();
    CHECK(state.optimizer->lr() < 0.5);
  });
  CHECK(same(resumed, expected));
}

TEST_CASE("checkpoint: every byte changed and every cut of a file is refused, and nothing has changed then") {
  const TempFolder folder;
  Trained saved({.in = 2, .hidden = 2, .samples = 8});
  const std::string good = folder / "good";
  nn::save_checkpoint(good, saved.state);
  Trained present({.seed = 2, .in = 2, .hidden = 2, .samples = 8}, 1);
  const std::string before = present.digest();
  std::size_t refused = 0;
  bool changed = false;
  const auto load = [&](const std::string& path) {
    try {
      nn::load_checkpoint(path, present.state);
    } catch (...) {
      ++refused;
      changed |= refused % 16 == 0 && present.digest() != before;
      throw;
    }
    return 0;
  };
  const std::string content = content_of(good);
  CHECK(damaged(folder, content, load, [](int) { return false; }) == std::nullopt);
  CHECK(refused == content.size() * 4);
  CHECK_FALSE(changed);
  CHECK(present.digest() == before);
  CHECK_THROWS_AS(load(folder.write("longer", content + '\0')), IoError);
  CHECK(load(good) == 0);
  CHECK(present.digest() == saved.digest());
}

TEST_CASE("checkpoint: what is of another training is one error that says in what, and nothing has changed") {
  const TempFolder folder;
  const std::string path = folder / "c.safetensors";
  Trained saved;
  nn::save_checkpoint(path, saved.state);
  struct Case {
    std::string reason;
    void (*change)(Run&);
    RunOptions options = {.seed = 2};
  };
  const Case table[] = {
      {"optimizer is 'adam' there and 'sgd' here", [](Run& run) { run.state.configuration[1].value = "sgd"; }},
      {"optimizer is 'adam' there and not set here", [](Run& run) { run.state.configuration.pop_back(); }},
      {"data is not set there and 'mnist' here",
       [](Run& run) {
         run.state.configuration.push_back({"data", "mnist"});
       }},
      {"hidden is '5' there and '4' here", [](Run&) {}, {.hidden = 4}},
      {"'0.weight' is (4, 6) in the module and (5, 6) in the state", [](Run&) {}, {.hidden = 4}},
      {"it has 'schedule', which there is none of here", [](Run& run) { run.state.schedule = nullptr; }},
      {"it has 'random', which there is none of here", [](Run& run) { run.state.randoms.clear(); }},
      {"the state has no 'crop'", [](Run& run) { run.state.randoms[0].name = "crop"; }},
      {"an epoch was 5 batches of 4, here it is 10 of 2", [](Run&) {}, {.batch_size = 2}},
  };
  for (const auto& [reason, change, options] : table) {
    Trained present(options, 2);
    change(present);
    const std::string before = present.digest();
    const std::string text = error_of<ValueError>([&] { nn::load_checkpoint(path, present.state); });
    CHECK_THAT(text, contains("load_checkpoint: " + path));
    CHECK_THAT(text, contains(reason));
    CHECK_THAT(text, contains("checkpoint_test.cpp:"));
    CHECK(present.digest() == before);
    CHECK(text.find('\n') == text.npos);
  }

  Trained present;
  nn::SGD sgd(present.net.parameters(), {.lr = 0.1, .momentum = 0.9});
  present.state.optimizer = &sgd;
  CHECK_THAT(error_of<ValueError>([&] { nn::load_checkpoint(path, present.state); }),
             contains("SGD: the state has 'step.0'"));
  present.state = {};
  CHECK_THROWS_AS(nn::save_checkpoint(path, present.state), ValueError);
  CHECK_THROWS_AS(nn::load_checkpoint(path, present.state), ValueError);
  Run narrow({.hidden = 4});
  CHECK_THAT(error_of<ShapeError>([&] { nn::load_weights(path, narrow.net); }), contains("load_weights: " + path));
}

TEST_CASE("checkpoint: a part that refuses last leaves those before it as they were") {
  const TempFolder folder;
  const std::string path = folder / "c.safetensors";
  Trained saved;
  nn::save_checkpoint(path, saved.state);
  Trained present({.seed = 2}, 2);
  nn::ExponentialMovingAverage of_one({present.net.parameters()[0]}, 0.9);
  present.state.average = &of_one;
  std::string before = present.digest();
  CHECK_THAT(error_of<ValueError>([&] { nn::load_checkpoint(path, present.state); }), contains("average.1"));
  CHECK(present.digest() == before);

  // Never stepped, an optimizer has no averages yet, and gets rid of them again.
  Run fresh({.seed = 3});
  fresh.state.average = &of_one;
  before = fresh.digest();
  CHECK_THROWS_AS(nn::load_checkpoint(path, fresh.state), ValueError);
  CHECK(fresh.digest() == before);
  CHECK(fresh.optimizer.state().size() == 1);
}

TEST_CASE("checkpoint: files that are none, or of another version") {
  const TempFolder folder;
  const std::string path = folder / "c.safetensors";
  Run run;
  const std::string before = run.digest();
  nn::save_safetensors(path, run.net.state());
  CHECK_THAT(error_of<IoError>([&] { nn::load_checkpoint(path, run.state); }), contains("is it a checkpoint?"));
  CHECK_THAT(error_of<IoError>([&] { nn::load_checkpoint(folder / "none", run.state); }), contains("there is no file"));
  CHECK_THAT(error_of<IoError>([&] { nn::describe_checkpoint(folder.path()); }), contains("not a regular file"));

  nn::save_checkpoint(path, run.state);
  std::string content = content_of(path);
  const auto sealed = [&](const std::string& from, const std::string& to) {
    std::string other = content;
    other.replace(other.find(from), from.size(), to);
    nn::Sha256().update(other.data(), other.size() - 32).digest(other.data() + other.size() - 32);
    return folder.write("other", other);
  };
  CHECK_THAT(
      error_of<ValueError>([&] { nn::load_checkpoint(sealed(R"("version":"1")", R"("version":"2")"), run.state); }),
      contains("of version '2', expected '1'"));
  CHECK_THAT(error_of<IoError>([&] { nn::load_checkpoint(sealed("xgrad checkpoint", "xgrad chequebook"), run.state); }),
             contains("is not a checkpoint"));
  CHECK_THAT(error_of<ValueError>([&] { nn::load_checkpoint(sealed("run.step", "run.stop"), run.state); }),
             contains("no 'step'"));
  CHECK_THAT(
      error_of<ValueError>([&] { nn::load_checkpoint(sealed("module.0.weight", "module.0.height"), run.state); }),
      contains("0.height"));
  CHECK(run.digest() == before);
}

TEST_CASE("checkpoint: 64 threads train and save, each in a folder of its own, and resume") {
  const TempFolder folder;
  constexpr std::size_t count = 64;
  constexpr std::int64_t steps = 8;
  Run alone;
  alone.train_to(steps, [] {});
  std::vector<std::string> digests(count);
  std::latch start(count);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i)
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      nn::Checkpoints checkpoints(folder / std::to_string(i), 2);
      const std::int64_t stop = 1 + static_cast<std::int64_t>(i) % (steps - 1);
      {
        Run run;
        run.train_to(stop, [&] { checkpoints.save(run.state); });
      }
      Run run({.seed = i, .workers = static_cast<int>(i % 3)});
      std::string refused;
      if (checkpoints.resume(run.state, &refused) && refused.empty() && run.state.step == stop)
        run.train_to(steps, [&] { checkpoints.save(run.state); });
      digests[i] = run.digest();
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& digest : digests) CHECK(digest == alone.digest());
  for (std::size_t i = 0; i < count; ++i) CHECK(entries(folder / std::to_string(i)) == 2);
}
