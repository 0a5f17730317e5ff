#include <xgrad/nn/train/trainer.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <memory>

#include <xgrad/engine/finite.hpp>
#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/tape.hpp>
#include <xgrad/nn/optim/average.hpp>
#include <xgrad/nn/optim/optimizer.hpp>
#include <xgrad/nn/optim/schedule.hpp>
#include <xgrad/nn/train/internal/evaluate.hpp>
#include <xgrad/nn/train/internal/run.hpp>
#include <xgrad/nn/train/interrupt.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/isfinite.hpp>
#include <xgrad/ops/mul.hpp>

namespace xgrad::nn {
namespace {

using xgrad::detail::fail;
using Tensors = std::vector<Tensor>;

constexpr const char* op = "Trainer";

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double ratio(double part, std::int64_t whole) { return whole == 0 ? unknown : part / static_cast<double>(whole); }

/// The averages in the weights' place, while it lives.
struct Averaged {
  explicit Averaged(ExponentialMovingAverage* average) : average_(average) {
    if (average_) average_->swap();
  }
  ~Averaged() {
    if (average_) average_->swap();
  }
  Averaged(const Averaged&) = delete;
  Averaged& operator=(const Averaged&) = delete;

 private:
  ExponentialMovingAverage* average_;
};

void check(const TrainingState& state, const TrainerOptions& o, Site site) {
  if (!state.module || !state.optimizer || !state.loader)
    fail<ValueError>(op, site, "the state has no {}",
                     !state.module      ? "module"
                     : !state.optimizer ? "optimizer"
                                        : "loader");
  const auto at_least = [&](const char* name, auto value, auto least) {
    if (!(value >= least)) fail<ValueError>(op, site, "{} is {}, expected at least {}", name, value, least);
  };
  at_least("epochs", o.epochs, std::int64_t{0});
  at_least("accumulate", o.accumulate, std::int64_t{1});
  at_least("clip_norm", o.clip_norm.most, 0.0);
  at_least("clip_value", o.clip_value.most, 0.0);
  at_least("patience", o.patience, std::int64_t{0});
  at_least("min_delta", o.min_delta, 0.0);
  at_least("checkpoint_every", o.checkpoint_every, std::int64_t{0});
  at_least("state.step", state.step, std::int64_t{0});
  at_least("state.epoch", state.epoch, std::int64_t{0});
  if (o.checkpoint_every > 0 && !o.checkpoints)
    fail<ValueError>(op, site, "checkpoint_every is {}, but there are no checkpoints", o.checkpoint_every);
}

}  // namespace

struct Trainer::Impl {
  TrainingState& state;
  LossFunction loss;
  TrainerOptions options;
  Site site;
  std::vector<Callback*> callbacks = {};
  std::unique_ptr<detail::StepRunner> runner =
      std::unique_ptr<detail::StepRunner>(options.compile.make ? options.compile.make() : nullptr);
  detail::Run at = {};
  Tensors in = {}, out = {};
  std::vector<NamedRandom> streams = {};
  std::vector<std::uint64_t> positions = {};  // of those, before the step
  TrainingResult result = {};
  double start = 0;
  std::int64_t saved_at = -1;  // the step of the last checkpoint
  bool stop = false;

  bool out_of_patience() const { return options.patience > 0 && state.epoch - at.best_epoch >= options.patience; }
  template <class F> void tell(F f) {
    for (Callback* const callback : callbacks) f(*callback);
  }
  std::int64_t steps_per_epoch() const { return (state.loader->count() + options.accumulate - 1) / options.accumulate; }

  void compute(const Tensors& given, Tensors& returned) const;
  static Tensors call_compute(void* trainer, const Tensors& given) {
    Tensors returned;
    static_cast<const Impl*>(trainer)->compute(given, returned);
    return returned;
  }
  StepFigures step();
  void compare(double figure);
  void end_epoch();
  void train();
  void keep_place();
  void save();
  void finish(Ending ending, std::string message);
  void conclude();
  void check_weights();
  std::string cause();
  [[noreturn]] void diverged(std::string message);
};

/// A step from inputs and targets to the loss, the outputs, and the norm if that is clipped.
void Trainer::Impl::compute(const Tensors& given, Tensors& returned) const {
  returned.assign(1, Tensor());
  std::int64_t samples = 0;
  for (std::size_t i = 0; i < given.size(); i += 2) samples += given[i].shape()[0];
  for (std::size_t i = 0; i < given.size(); i += 2) {
    Tape tape;
    const Tensor outputs = (*state.module)(given[i]);
    Tensor part = detail::loss_of(loss, outputs, given[i + 1], site);
    if (given.size() > 2) part = part * (static_cast<double>(given[i].shape()[0]) / static_cast<double>(samples));
    const Tensor value = part.detach();
    returned[0] = i == 0 ? value : returned[0] + value;
    returned.push_back(outputs.detach());
    if (isfinite(value).item() == 0) return state.optimizer->zero_grad();  // no weight has changed
    part.backward();
  }
  if (options.clip_norm.most > 0)
    returned.push_back(options.clip_norm.clip(state.optimizer->parameters(), options.clip_norm.most, site));
  if (options.clip_value.most > 0)
    options.clip_value.clip(state.optimizer->parameters(), options.clip_value.most, site);
  state.optimizer->step(site);
  state.optimizer->zero_grad();
  if (state.average) state.average->update(site);
}

StepFigures Trainer::Impl::step() {
  const double before = now();
  DataLoader& loader = *state.loader;
  in.clear();
  const std::int64_t end = std::min(loader.count(), at.batches + options.accumulate);
  for (std::int64_t b = at.batches; b < end; ++b) {
    Batch batch = loader.at(state.epoch, b, site);
    in.push_back(std::move(batch.input));
    in.push_back(std::move(batch.target));
  }
  const double drawn = now();
  for (std::size_t i = 0; i < streams.size(); ++i) positions[i] = streams[i].random->position();
  at.lr = state.optimizer->lr();
  if (runner) out = runner->run(in, call_compute, this);
  else compute(in, out);
  StepFigures figures{.epoch = state.epoch + 1, .step = state.step + 1, .loss = out[0].item(), .lr = at.lr};
  if (!std::isfinite(figures.loss))
    diverged(fmt::format("the loss is not finite at step {} (epoch {}, batch {}): it is {}, {}", figures.step,
                         figures.epoch, at.batches + 1, detail::unsigned_nan(figures.loss), cause()));
  if (options.clip_norm.most > 0) figures.grad_norm = out.back().item();

  std::int64_t named = 0, correct = 0;
  for (std::size_t i = 0; i < in.size(); i += 2) {
    const Tensor& outputs = out[1 + i / 2];
    figures.samples += in[i].shape()[0];
    if (!detail::names_classes(outputs, in[i + 1], options.one_hot)) continue;
    named += outputs.shape()[0];
    correct += count_correct(outputs, in[i + 1], site);
  }
  figures.accuracy = ratio(static_cast<double>(correct), named);
  at.batches = end;
  at.samples += figures.samples;
  at.loss_sum += figures.loss * static_cast<double>(figures.samples);
  at.named += named;
  at.correct += correct;
  ++state.step;
  at.add_to_curve(state.history, state.step, figures.loss, at.lr);
  if (state.schedule && !options.schedule_by_epoch) state.schedule->step(site);
  figures.seconds = now() - before;
  figures.data_seconds = drawn - before;
  return figures;
}

void Trainer::Impl::compare(double figure) {
  if (std::isnan(figure)) return;
  const double gain = options.watch_accuracy ? figure - at.best : at.best - figure;
  if (!std::isnan(at.best) && !(gain > options.min_delta)) return;
  at.best = figure;
  at.best_epoch = state.epoch + 1;
  if (!options.restore_best) return;
  const Averaged averaged(state.average);
  state.best.clear();
  for (const auto& [name, tensor] : state.module->state()) state.best.push_back({name, tensor.clone()});
}

void Trainer::Impl::end_epoch() {
  check_weights();
  EpochFigures figures{.epoch = state.epoch + 1,
                       .step = state.step,
                       .loss = ratio(at.loss_sum, at.samples),
                       .accuracy = ratio(static_cast<double>(at.correct), at.named),
                       .lr = at.lr};
  if (options.validation) {
    const Averaged averaged(state.average);
    const Evaluation held_out = detail::evaluate_until(Interrupt::requested, *state.module, loss, *options.validation,
                                                       {.one_hot = options.one_hot}, site);
    if (Interrupt::requested()) return;  // a run that goes on does this again
    figures.validation_loss = held_out.loss;
    figures.validation_accuracy = held_out.accuracy;
  }
  const double watched = options.watch_accuracy ? (options.validation ? figures.validation_accuracy : figures.accuracy)
                                                : (options.validation ? figures.validation_loss : figures.loss);
  compare(watched);
  if (state.schedule && options.schedule_by_epoch) state.schedule->step(site);
  if (state.plateau) state.plateau->step(watched, site);
  const std::pair<const char*, double> rows[] = {{"loss", figures.loss},
                                                 {"accuracy", figures.accuracy},
                                                 {"validation_loss", figures.validation_loss},
                                                 {"validation_accuracy", figures.validation_accuracy},
                                                 {"lr", figures.lr}};
  for (const auto& [name, value] : rows) detail::series(state.history, name).push_back(value);
  ++state.epoch;
  at.end_epoch();
  figures.seconds = now() - start;
  tell([&](Callback& c) { c.on_epoch(figures); });
  if (options.checkpoints) save();
}

void Trainer::Impl::train() {
  while (state.epoch < options.epochs && !out_of_patience()) {
    while (at.batches < state.loader->count()) {
      const StepFigures figures = step();
      tell([&](Callback& c) { c.on_step(figures); });
      if (stop || Interrupt::requested()) return;
      if (options.checkpoint_every > 0 && state.step % options.checkpoint_every == 0 &&
          at.batches < state.loader->count())
        save();
    }
    end_epoch();
    if (stop || Interrupt::requested()) return;
  }
}

/// Into `state`, beside what is there.
void Trainer::Impl::keep_place() {
  DataLoader& loader = *state.loader;
  const std::int64_t epochs = at.batches / loader.count(), batch = at.batches % loader.count();
  loader.load_state({loader.state().seed, state.epoch + epochs, batch}, site);
  at.save(state.history);
}

void Trainer::Impl::save() {
  check_weights();
  keep_place();
  result.checkpoint = options.checkpoints->save(state, site);
  saved_at = state.step;
}

void Trainer::Impl::check_weights() {
  if (const std::string what = detail::not_finite(state.module->state()); !what.empty())
    diverged(fmt::format("the module's state is not finite after step {} (epoch {}, batch {}): {}", state.step,
                         state.epoch + 1, at.batches, what));
}

std::string Trainer::Impl::cause() {
  for (std::size_t i = 0; i < in.size(); ++i)
    if (const std::string what = detail::not_finite(in[i]); !what.empty())
      return fmt::format("the batch's {} has {}", i % 2 == 0 ? "input" : "target", what);
  if (const std::string what = detail::not_finite(state.module->named_parameters()); !what.empty())
    return what + ", from the update of the step before";
  for (std::size_t i = 0; i < streams.size(); ++i) streams[i].random->set_position(positions[i]);
  try {
    for (std::size_t i = 0; i < in.size(); i += 2) {
      const Tape tape;
      const FiniteCheck check;
      (void)loss((*state.module)(in[i]), in[i + 1]);
    }
  } catch (const Error& error) {
    return std::string("first in ") + error.what();
  }
  const std::string what = detail::not_finite(state.module->state());
  return what.empty() ? "no operation makes it of finite numbers" : what;
}

void Trainer::Impl::diverged(std::string message) {
  if (options.checkpoints)
    message += result.checkpoint.empty() ? "; there is no checkpoint of this run"
                                         : fmt::format("; {} is from step {}", result.checkpoint, saved_at);
  finish(Ending::diverged, message);
  fail<ValueError>(op, site, "{}", message);
}

void Trainer::Impl::finish(Ending ending, std::string message) {
  result.ending = ending;
  result.epochs = state.epoch;
  result.steps = state.step;
  result.best = at.best;
  result.best_epoch = at.best_epoch;
  result.seconds = now() - start;
  result.message = std::move(message);
  in.clear();
  out.clear();
  tell([&](Callback& c) { c.on_end(result); });
}

/// The end of a run in which all was finite.
void Trainer::Impl::conclude() {
  const int signal = Interrupt::signal();
  const Ending ending = state.epoch >= options.epochs ? Ending::finished
                        : out_of_patience()           ? Ending::no_progress
                        : signal != 0                 ? Ending::interrupted
                                                      : Ending::stopped;
  const bool early = ending == Ending::interrupted || ending == Ending::stopped;
  if (options.checkpoints && early && saved_at != state.step) save();
  keep_place();
  std::string message = fmt::format("{} epochs, {} steps in {:.1f} s", state.epoch, state.step, now() - start);
  if (at.best_epoch > 0)
    message += fmt::format("; best {}{} {:.4f} in epoch {}", options.validation ? "validation " : "",
                           options.watch_accuracy ? "accuracy" : "loss", at.best, at.best_epoch);
  if (!early && options.restore_best && !state.best.empty()) {
    const Averaged averaged(state.average);
    state.module->load_state(state.best, true, site);
    message += ", whose weights are back";
  }
  if (ending == Ending::no_progress) message += fmt::format("; no better one for {} epochs", options.patience);
  if (early) {
    message = fmt::format("{} after step {}, in epoch {} of {}",
                          ending == Ending::stopped ? "stopped"
                          : signal == SIGINT        ? "interrupted by SIGINT"
                                                    : "interrupted by SIGTERM",
                          state.step, std::min(state.epoch + 1, options.epochs), options.epochs);
    message += options.checkpoints ? fmt::format("; saved as {}: {}", result.checkpoint, options.how_to_resume)
                                   : "; nothing was saved, as there are no checkpoints";
  }
  finish(ending, std::move(message));
}

Trainer::Trainer(TrainingState& state, LossFunction loss, TrainerOptions options, Site site) {
  check(state, options, site);
  impl_ = new Impl{state, std::move(loss), std::move(options), site};
}

Trainer::~Trainer() { delete impl_; }

void Trainer::add(Callback& callback) { impl_->callbacks.push_back(&callback); }
void Trainer::stop() noexcept { impl_->stop = true; }

TrainingResult Trainer::run(Site site) {
  Impl& t = *impl_;
  t.site = site;
  if (t.options.checkpoints) t.options.checkpoints->lock(site);
  t.at = detail::Run::load(t.state.history, t.state.loader->count(), site);
  if (t.options.restore_best && t.at.best_epoch > 0 && t.state.best.empty())
    fail<ValueError>(op, site, "restore_best: the best epoch so far is {}, whose weights were not kept",
                     t.at.best_epoch);
  t.streams = t.state.module->random_streams();
  t.positions.resize(t.streams.size());
  t.in.reserve(static_cast<std::size_t>(2 * t.options.accumulate));
  t.result = {};
  t.stop = false;
  t.start = now();
  t.state.module->train();
  const std::int64_t per_epoch = t.steps_per_epoch();
  t.tell([&](Callback& c) {
    c.on_start({t.options.epochs, t.options.epochs * per_epoch, t.state.epoch, t.state.step});
  });
  t.train();
  t.conclude();
  return t.result;
}

}  // namespace xgrad::nn
