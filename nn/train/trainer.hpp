#pragma once
#include <cstdint>
#include <string>

#include <xgrad/nn/train/callback.hpp>
#include <xgrad/nn/train/checkpoint.hpp>
#include <xgrad/nn/train/evaluate.hpp>

namespace xgrad::nn {

namespace detail {

/// Runs a function, perhaps otherwise than by calling it.
struct StepRunner {
  using Function = std::vector<Tensor> (*)(void* context, const std::vector<Tensor>& in);
  virtual ~StepRunner() = default;
  virtual std::vector<Tensor> run(const std::vector<Tensor>& in, Function f, void* context) = 0;
};
StepRunner* compiled_runner();

using Clip = Tensor (*)(const std::vector<Tensor>& parameters, double most, Site site);
Tensor clip_norm(const std::vector<Tensor>& parameters, double most, Site site);
Tensor clip_value(const std::vector<Tensor>& parameters, double most, Site site);

// An option brings the function that it needs with it, so that a program has the code of those alone that it uses.
template <Clip function> struct ClipOption {
  double most = 0;
  Clip clip = nullptr;
  constexpr ClipOption() = default;
  constexpr ClipOption(double limit) : most(limit), clip(function) {}
};
struct CompileOption {
  StepRunner* (*make)() = nullptr;
  constexpr CompileOption() = default;
  constexpr CompileOption(bool on) : make(on ? compiled_runner : nullptr) {}
};

}  // namespace detail

/// How to train. What is pointed to has to outlive the trainer.
struct TrainerOptions {
  std::int64_t epochs = 1;                                 ///< in all, with those that are done
  DataLoader* validation = nullptr;                        ///< evaluated after each epoch
  std::int64_t accumulate = 1;                             ///< batches in one step
  detail::ClipOption<detail::clip_norm> clip_norm = {};    ///< of all gradients together, a number; 0: as it is
  detail::ClipOption<detail::clip_value> clip_value = {};  ///< of each element, a number; 0: as it is
  bool schedule_by_epoch = false;  ///< the schedule goes on after each epoch, else after each step
  bool one_hot = false;            ///< targets name classes too where they have the outputs' shape
  bool watch_accuracy = false;  ///< the figure for patience and plateau; else the loss. Of validation if there is one
  std::int64_t patience = 0;    ///< ends after so many epochs without a better figure; 0: never
  double min_delta = 0;         ///< by which it has to be better
  /// Ends with the weights of the best epoch, unless it was cut off: with an average, its weights (the parameters are
  /// those of the last step). The optimizer stays where it is.
  bool restore_best = false;
  detail::CompileOption compile = {};  ///< true: a plan for the step, see compile()
  Checkpoints* checkpoints = nullptr;  ///< one after each epoch, and when the run is interrupted
  std::int64_t checkpoint_every = 0;   ///< and after so many steps; 0: no more
  std::string how_to_resume = "run it again to go on from there";  ///< what an interrupted run is to say
};

/// The loop of training: batches from state.loader, the loss of state.module on them, backward, clipping, a step of
/// state.optimizer, of state.schedule and of state.average; after each epoch validation (with the average, if there is
/// one), state.plateau, and a checkpoint. What it keeps is in `state`, so a checkpoint has it too, and a run that goes
/// on from one ends with the same bits:
///     nn::TrainingState state{.module = &net, .optimizer = &adam, .loader = &loader};
///     nn::Checkpoints checkpoints("run");
///     checkpoints.resume(state, nullptr);
///     nn::Trainer trainer(state, loss, {.epochs = 10, .validation = &held_out, .checkpoints = &checkpoints});
///     nn::Progress progress;
///     trainer.add(progress);
///     nn::Interrupt interrupt;  // ^C ends it after the step at hand
///     nn::TrainingResult result = trainer.run();
/// state.history has for each epoch "loss", "accuracy", "validation_loss", "validation_accuracy", "lr" (nan: there was
/// none), and for the curve within epochs "steps", "steps_loss" and "steps_lr", at most 512 of them.
class Trainer {
 public:
  /// ValueError: no module, optimizer or loader, or an option that means nothing.
  Trainer(TrainingState& state, LossFunction loss, TrainerOptions options = {}, Site site = Site::here());
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// It has to outlive the trainer. Callbacks are told in the order in which they came.
  void add(Callback& callback);
  /// Trains until all epochs are done, or as long as there is a reason to go on. ValueError: a loss or a parameter is
  /// not finite; the error says at which step and where it first appeared. Weights are then those from before the step
  /// if it was the loss, and the checkpoints are as they were.
  TrainingResult run(Site site = Site::here());
  /// Ends the run after the step at hand.
  void stop() noexcept;

 private:
  struct Impl;
  Impl* impl_;
};

}  // namespace xgrad::nn
