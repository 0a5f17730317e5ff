// The training loop: what it computes, how it ends, and that it goes on where it was.
#include <algorithm>
#include <cmath>
#include <csignal>
#include <fstream>
#include <limits>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "catch.hpp"
#include "data_files.hpp"
#include "same_tensors.hpp"

using namespace xgrad;
using namespace xgrad::tests;

namespace {

Tensor loss_of(const Tensor& outputs, const Tensor& labels) { return cross_entropy(outputs, labels); }

/// Points on a plane, of three classes.
nn::TensorDataset points(std::int64_t n, std::uint64_t seed) {
  Random random(seed);
  const Tensor x = normal(random, {n, 2}), angle = atan2(slice(x, {{}, 0}), slice(x, {{}, 1}));
  return nn::TensorDataset(x, to(floor(clamp((angle + 3.2) / 2.2, 0, 2)), int64));
}

struct Net : nn::Module {
  nn::Linear hidden, out;
  nn::Dropout dropout;
  explicit Net(Random& random) : hidden(2, 16, random), out(16, 3, random), dropout(0.2, random) {}
  Tensor forward(const Operand& x) override { return out(dropout(relu(hidden(x)))); }
  void members(nn::Members& m) override {
    m("hidden", hidden);
    m("out", out);
    m("dropout", dropout);
  }
};

/// A run with one of everything.
struct Study {
  Random random{7};
  Net net{random};
  nn::TensorDataset data = points(60, 1), held_out = points(30, 2);
  nn::DataLoader loader{data, {.batch_size = 8, .shuffle = true, .seed = 5}};
  nn::DataLoader validation{held_out, {.batch_size = 16}};
  nn::Adam optimizer{net.parameters(), {.lr = 0.01}};
  nn::CosineAnnealingLR schedule{optimizer, {.t_max = 24}};
  nn::ExponentialMovingAverage average{net.parameters(), 0.9};
  nn::TrainingState state{.module = &net,
                          .optimizer = &optimizer,
                          .schedule = &schedule,
                          .average = &average,
                          .loader = &loader,
                          .configuration = {{"data", "points"}}};
  nn::TrainerOptions options{.epochs = 3, .validation = &validation, .clip_norm = 1};

  std::vector<nn::NamedTensor> all() const {
    std::vector<nn::NamedTensor> tensors = net.state();
    for (const auto& t : optimizer.state()) tensors.push_back(t);
    for (const auto& t : average.state()) tensors.push_back({"average." + t.name, t.tensor});
    return tensors;
  }
};

/// Calls f after a step.
template <class F> struct AfterStep : nn::Callback {
  std::int64_t step;
  F f;
  AfterStep(std::int64_t at, F call) : step(at), f(std::move(call)) {}
  void on_step(const nn::StepFigures& figures) override {
    if (figures.step == step) f();
  }
};

const std::vector<double>& values_of(const std::vector<nn::Series>& history, const std::string& name) {
  return std::find_if(history.begin(), history.end(), [&](const nn::Series& s) { return s.name == name; })->values;
}

struct Killed {};  // no Error: nobody cleans up

void check_same(const Study& a, const Study& b) {
  CHECK(same(a.all(), b.all()));
  CHECK(a.state.step == b.state.step);
  CHECK(a.state.epoch == b.state.epoch);
  REQUIRE(a.state.history.size() == b.state.history.size());
  for (const nn::Series& series : a.state.history) {
    const auto same = [&](const nn::Series& s) { return s.name == series.name; };
    const auto other = std::find_if(b.state.history.begin(), b.state.history.end(), same);
    REQUIRE(other != b.state.history.end());
    INFO(series.name);
    REQUIRE(series.values.size() == other->values.size());
    for (std::size_t i = 0; i < series.values.size(); ++i)
      CHECK((series.values[i] == other->values[i] || (std::isnan(series.values[i]) && std::isnan(other->values[i]))));
  }
  for (std::size_t i = 0; i < a.state.module->random_streams().size(); ++i)
    CHECK(a.state.module->random_streams()[i].random->position() ==
          b.state.module->random_streams()[i].random->position());
}

}  // namespace

TEST_CASE("Trainer: the bits of the loop by hand, also compiled") {
  Study hand;
  for (std::int64_t epoch = 0; epoch < 3; ++epoch)
    for (auto [x, labels] : hand.loader.epoch(epoch)) {
      Tape tape;
      loss_of(hand.net(x), labels).backward();
      nn::clip_grad_norm_(hand.net.parameters(), 1);
      hand.optimizer.step();
      hand.optimizer.zero_grad();
      hand.average.update();
      hand.schedule.step();
    }
  for (const bool compiled : {false, true}) {
    INFO(compiled);
    Study study;
    study.options.compile = compiled;
    nn::Trainer trainer(study.state, loss_of, study.options);
    const nn::TrainingResult result = trainer.run();
    CHECK(result.ending == nn::Ending::finished);
    CHECK(result.steps == 24);
    CHECK(result.epochs == 3);
    CHECK(result.best_epoch >= 1);
    CHECK_THAT(result.message, contains("3 epochs, 24 steps in "));
    CHECK_THAT(result.message, contains("; best validation loss 0."));
    CHECK(same(study.all(), hand.all()));
    CHECK(study.net.training());
  }
}

TEST_CASE("Trainer: figures of steps and epochs") {
  struct Record : nn::Callback {
    nn::TrainingPlan plan;
    std::vector<nn::StepFigures> steps;
    std::vector<nn::EpochFigures> epochs;
    int ends = 0;
    void on_start(const nn::TrainingPlan& p) override { plan = p; }
    void on_step(const nn::StepFigures& s) override { steps.push_back(s); }
    void on_epoch(const nn::EpochFigures& e) override { epochs.push_back(e); }
    void on_end(const nn::TrainingResult&) override { ++ends; }
  };
  Study study;
  Record record;
  nn::Trainer trainer(study.state, loss_of, study.options);
  trainer.add(record);
  (void)trainer.run();
  CHECK(record.plan.steps == 24);
  REQUIRE(record.steps.size() == 24);
  REQUIRE(record.epochs.size() == 3);
  CHECK(record.ends == 1);
  CHECK(record.steps[0].lr == 0.01);
  CHECK(record.steps[7].samples == 4);
  CHECK(record.steps[8].epoch == 2);
  CHECK(record.steps[0].grad_norm > 0);
  double loss = 0, correct = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    loss += record.steps[i].loss * static_cast<double>(record.steps[i].samples);
    correct += record.steps[i].accuracy * static_cast<double>(record.steps[i].samples);
  }
  CHECK(record.epochs[0].loss == Approx(loss / 60));
  CHECK(record.epochs[0].accuracy == Approx(correct / 60));
  CHECK(record.epochs[2].step == 24);

  study.average.swap();
  nn::ConfusionMatrix matrix(3);
  const nn::Evaluation last = nn::evaluate(study.net, loss_of, study.validation, {.confusion = &matrix});
  CHECK(record.epochs[2].validation_loss == last.loss);
  CHECK(record.epochs[2].validation_accuracy == last.accuracy);
  CHECK(matrix.total() == 30);
  CHECK(matrix.accuracy() == Approx(last.accuracy));
  CHECK(study.net.training());
  CHECK(last.accuracy > 0.5);
}

TEST_CASE("Trainer: accumulated batches are one large one") {
  const auto weights = [](std::int64_t batch, std::int64_t accumulate, bool compiled) {
    Study study;
    study.net.dropout = nn::Dropout(0, study.random);
    nn::DataLoader loader(study.data, {.batch_size = batch});
    study.state.loader = &loader;
    study.options.accumulate = accumulate;
    study.options.compile = compiled;
    nn::Trainer trainer(study.state, loss_of, study.options);
    CHECK(trainer.run().steps == 9);
    return study.net.state();
  };
  const auto large = weights(24, 1, false), small = weights(8, 3, false);  // 24, 24, 12; the last in two parts
  for (std::size_t i = 0; i < large.size(); ++i) CHECK(amax(abs(large[i].tensor - small[i].tensor)).item() < 1e-5);
  CHECK(same(small, weights(8, 3, true)));
}

TEST_CASE("Trainer: a run that is cut off goes on to the same bits, and its log has each step once") {
  Study whole;
  const TempFolder folder;
  const int threads_before = threads();
  const auto run = [&](Study& study, nn::Callback* callback, nn::Checkpoints* checkpoints, const std::string& log) {
    study.options.checkpoints = checkpoints;
    study.options.checkpoint_every = checkpoints ? 3 : 0;
    nn::Trainer trainer(study.state, loss_of, study.options);
    nn::CsvLog epochs(log + ".csv");
    nn::JsonLinesLog steps(log + ".jsonl", nn::Per::step);
    trainer.add(epochs);
    trainer.add(steps);
    if (callback) trainer.add(*callback);
    return trainer.run();
  };
  const auto lines = [](const std::string& path) {  // without the seconds
    std::ifstream file(path);
    std::vector<std::string> all;
    for (std::string line; std::getline(file, line);)
      all.push_back(line.substr(0, line.rfind(line[0] == '{' ? ':' : ',')));
    return all;
  };
  run(whole, nullptr, nullptr, folder / "whole");
  REQUIRE(lines(folder / "whole.csv").size() == 4);
  REQUIRE(lines(folder / "whole.jsonl").size() == 24);
  for (const std::int64_t step : {1, 4, 7, 8, 9, 16, 23}) {
    for (const bool interrupted : {false, true}) {
      INFO("after step " << step << (interrupted ? ", by a signal" : ", killed"));
      const std::string name = folder / (std::to_string(step) + (interrupted ? "i" : "k"));
      nn::Checkpoints checkpoints(name);
      {
        Study first;
        const nn::Interrupt guard;
        AfterStep cut(step, [&] {
          if (!interrupted) throw Killed();
          std::raise(SIGINT);
        });
        if (!interrupted) {
          CHECK_THROWS_AS(run(first, &cut, &checkpoints, name), Killed);
        } else {
          const nn::TrainingResult result = run(first, &cut, &checkpoints, name);
          CHECK(result.ending == nn::Ending::interrupted);
          CHECK(result.steps == step);
          CHECK_THAT(result.message,
                     contains("interrupted by SIGINT after step " + std::to_string(step) + ", in epoch "));
          CHECK_THAT(result.message, contains("saved as " + name + "/"));
          CHECK_THAT(result.message, contains(": run it again to go on from there"));
        }
      }
      set_threads(step % 2 == 0 ? 1 : 2);
      Study second;
      second.random = Random(99);  // all that counts comes from the checkpoint
      CHECK(checkpoints.resume(second.state, nullptr) == (interrupted || step > 3));
      CHECK(run(second, nullptr, &checkpoints, name).ending == nn::Ending::finished);
      check_same(second, whole);
      CHECK(lines(name + ".csv") == lines(folder / "whole.csv"));
      CHECK(lines(name + ".jsonl") == lines(folder / "whole.jsonl"));
    }
  }
  set_threads(threads_before);
}

TEST_CASE("Trainer: patience") {
  Study study;
  study.options = {.epochs = 50, .validation = &study.validation, .patience = 2, .min_delta = 100};
  nn::Trainer trainer(study.state, loss_of, study.options);
  const nn::TrainingResult result = trainer.run();
  CHECK(result.ending == nn::Ending::no_progress);
  CHECK(result.epochs == 3);
  CHECK(result.best_epoch == 1);
  CHECK_THAT(result.message, contains("no better one for 2 epochs"));
  CHECK(trainer.run().epochs == 3);  // and that is what it stays

  Study other;
  other.options = {.epochs = 4, .watch_accuracy = true, .patience = 100};
  const nn::TrainingResult all = nn::Trainer(other.state, loss_of, other.options).run();
  CHECK(all.epochs == 4);
  CHECK(all.best == *std::max_element(values_of(other.state.history, "accuracy").begin(),
                                      values_of(other.state.history, "accuracy").end()));
}

TEST_CASE("Trainer: the best weights come back, also to a run that was cut off after them") {
  // The rate is too high to end well, so that the best epoch is none of the last.
  const auto best_of = [](Study& study, nn::Checkpoints* checkpoints, nn::Callback* callback) {
    study.optimizer.set_lr(0.5);
    study.state.schedule = nullptr;
    study.options = {
        .epochs = 40, .validation = &study.validation, .patience = 3, .restore_best = true, .checkpoints = checkpoints};
    if (checkpoints) checkpoints->resume(study.state, nullptr);
    nn::Trainer trainer(study.state, loss_of, study.options);
    if (callback) trainer.add(*callback);
    return trainer.run();
  };
  Study whole, second;
  const nn::TrainingResult result = best_of(whole, nullptr, nullptr);
  REQUIRE(result.ending == nn::Ending::no_progress);
  REQUIRE(result.best_epoch == result.epochs - 3);
  CHECK_THAT(result.message, contains("in epoch " + std::to_string(result.best_epoch) + ", whose weights are back"));
  const auto loss_on_average = [](Study& study) {
    study.average.swap();
    const double loss = nn::evaluate(study.net, loss_of, study.validation).loss;
    study.average.swap();
    return loss;
  };
  CHECK(loss_on_average(whole) == result.best);

  const TempFolder folder;
  {
    Study first;
    nn::Checkpoints checkpoints(folder.path());
    AfterStep cut(8 * result.best_epoch + 3, [] { throw Killed(); });
    CHECK_THROWS_AS(best_of(first, &checkpoints, &cut), Killed);
  }
  nn::Checkpoints checkpoints(folder.path());
  CHECK(best_of(second, &checkpoints, nullptr).best_epoch == result.best_epoch);
  check_same(second, whole);
  CHECK(loss_on_average(second) == result.best);
}

TEST_CASE("Trainer: schedules by epoch, plateaus, and stop()") {
  Study study;
  nn::StepLR steps(study.optimizer, {.step_size = 1, .gamma = 0.5});
  study.state.schedule = &steps;
  study.options.schedule_by_epoch = true;
  (void)nn::Trainer(study.state, loss_of, study.options).run();
  CHECK(values_of(study.state.history, "lr") == std::vector<double>{0.01, 0.005, 0.0025});

  Study plateau;
  nn::ReduceLROnPlateau reduce(plateau.optimizer, {.factor = 0.5, .patience = 0, .threshold = 100, .relative = false});
  plateau.state.schedule = nullptr;
  plateau.state.plateau = &reduce;
  nn::Trainer trainer(plateau.state, loss_of, plateau.options);
  AfterStep stop(20, [&] { trainer.stop(); });
  trainer.add(stop);
  const nn::TrainingResult result = trainer.run();
  CHECK(values_of(plateau.state.history, "lr") == std::vector<double>{0.01, 0.01});
  CHECK(plateau.optimizer.lr() == 0.005);
  CHECK(result.ending == nn::Ending::stopped);
  CHECK(result.steps == 20);
  CHECK_THAT(result.message, contains("stopped after step 20, in epoch 3 of 3; nothing was saved"));
  CHECK(trainer.run().ending == nn::Ending::finished);  // goes on
  CHECK(plateau.state.step == 24);
}

namespace {

/// The logarithm of something that becomes negative with the weights.
struct Brittle : nn::Module {
  nn::Linear inner;
  explicit Brittle(Random& random) : inner(2, 3, random) {}
  Tensor forward(const Operand& x) override { return log(inner(x) + 3); }
  void members(nn::Members& m) override { m("inner", inner); }
};
struct Outer : nn::Module {
  Brittle part;
  explicit Outer(Random& random) : part(random) {}
  Tensor forward(const Operand& x) override { return part(x) * 1; }
  void members(nn::Members& m) override { m("part", part); }
};

}  // namespace

TEST_CASE("Trainer: a loss that is not finite ends it, with the step and the operation, and the checkpoint stays") {
  for (const bool compiled : {false, true}) {
    Random random(1);
    Outer net(random);
    const TempFolder folder;
    nn::Checkpoints checkpoints(folder.path());
    const nn::TensorDataset data(ones({4, 2}));
    nn::DataLoader loader(data, {.batch_size = 1});
    nn::SGD optimizer(net.parameters(), {.lr = 0.3});
    nn::TrainingState state{.module = &net, .optimizer = &optimizer, .loader = &loader};
    struct Ends : nn::Callback {
      nn::TrainingResult result;
      std::vector<nn::NamedTensor> weights;
      nn::Module* net;
      void on_step(const nn::StepFigures&) override {
        weights.clear();
        for (const auto& t : net->state()) weights.push_back({t.name, t.tensor.clone()});
      }
      void on_end(const nn::TrainingResult& r) override { result = r; }
    } ends;
    ends.net = &net;
    nn::Trainer trainer(state, [](const Tensor& y, const Tensor&) { return sum(y); },
                        {.epochs = 50, .compile = compiled, .checkpoints = &checkpoints});
    trainer.add(ends);
    const std::string message = error_of<ValueError>([&] { (void)trainer.run(); });
    INFO(message);
    CHECK(message.starts_with("Trainer: the loss is not finite at step "));
    CHECK_THAT(message, contains("): it is nan, first in part (Brittle): log: nan at [0, "));
    CHECK_THAT(message, contains("trainer_test.cpp:"));
    CHECK_THAT(message, contains("checkpoint-"));
    CHECK_THAT(message, contains(" is from step " + std::to_string(state.epoch * 4)));
    CHECK(ends.result.ending == nn::Ending::diverged);
    CHECK(same(ends.weights, net.state()));  // the step has not been taken
    CHECK(checkpoints.resume(state, nullptr));
    CHECK(state.step == state.epoch * 4);
    for (const auto& t : net.state()) CHECK(all(isfinite(t.tensor)).item() == 1);
  }
}

TEST_CASE("Trainer: inputs and weights that are not finite are named") {
  Random random(1);
  nn::Linear net(2, 1, random);
  nn::SGD optimizer(net.parameters(), {.lr = 0.1});
  Tensor x = ones({6, 2});
  x.mutable_data<float>()[7] = std::numeric_limits<float>::infinity();
  const nn::TensorDataset data(x, zeros({6, 1}));
  nn::DataLoader loader(data, {.batch_size = 2});
  nn::TrainingState state{.module = &net, .optimizer = &optimizer, .loader = &loader};
  const auto squared = [](const Tensor& y, const Tensor& t) { return mse_loss(y, t); };
  CHECK_THAT(error_of<ValueError>([&] { (void)nn::Trainer(state, squared).run(); }),
             Catch::Matchers::StartsWith(
                 "Trainer: the loss is not finite at step 2 (epoch 1, batch 2): it is inf, the batch's input has "
                 "inf at [1, 1]"));

  const nn::TensorDataset fine(ones({6, 2}), zeros({6, 1}));
  nn::DataLoader other(fine, {.batch_size = 6});
  nn::SGD wild(net.parameters(), {.lr = 1e38});
  nn::TrainingState second{.module = &net, .optimizer = &wild, .loader = &other};
  CHECK_THAT(error_of<ValueError>([&] { (void)nn::Trainer(second, squared, {.epochs = 5}).run(); }),
             contains("(epoch "));
}

TEST_CASE("Trainer: options that mean nothing, a loss that is no number") {
  Study study;
  const auto refused = [&](nn::TrainerOptions options) {
    return error_of<ValueError>([&] { nn::Trainer(study.state, loss_of, options); });
  };
  CHECK(refused({.epochs = -1}).starts_with("Trainer: epochs is -1, expected at least 0"));
  CHECK(refused({.accumulate = 0}).starts_with("Trainer: accumulate is 0"));
  CHECK(refused({.clip_norm = std::nan("")}).starts_with("Trainer: clip_norm is nan"));
  CHECK(refused({.checkpoint_every = 2}).starts_with("Trainer: checkpoint_every is 2, but there are no checkpoints"));
  study.state.optimizer = nullptr;
  CHECK(refused({}).starts_with("Trainer: the state has no optimizer"));

  Study other;
  const auto each = [](const Tensor& y, const Tensor& t) { return cross_entropy(y, t, Reduction::none); };
  CHECK(error_of<ShapeError>([&] {
          (void)nn::Trainer(other.state, each).run();
        }).starts_with("loss: the loss function gave float32 (8,), expected one number"));
}
