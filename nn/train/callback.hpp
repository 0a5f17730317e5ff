#pragma once
#include <cstdint>
#include <limits>
#include <string>

namespace xgrad::nn {

inline constexpr double unknown = std::numeric_limits<double>::quiet_NaN();  ///< a figure that there is not

/// What a training is about to do. Epochs and steps that an earlier run did are done.
struct TrainingPlan {
  std::int64_t epochs = 0, steps = 0;            ///< in all
  std::int64_t epochs_done = 0, steps_done = 0;  ///< of them
};

/// One step; epochs and steps count from 1.
struct StepFigures {
  std::int64_t epoch = 0, step = 0;
  double loss = unknown;       ///< mean over its samples
  double accuracy = unknown;   ///< fraction of its samples, where classes are learned
  double lr = unknown;         ///< of the first group of parameters
  double grad_norm = unknown;  ///< before clipping, where that is done
  std::int64_t samples = 0;
  double seconds = 0;       ///< in all,
  double data_seconds = 0;  ///< and of them until its batches were there
};

/// One epoch. What was seen in training was seen while the weights changed.
struct EpochFigures {
  std::int64_t epoch = 0, step = 0;
  double loss = unknown, accuracy = unknown;
  double validation_loss = unknown, validation_accuracy = unknown;
  double lr = unknown;  ///< in its last step
  double seconds = 0;   ///< of this run, so far
};

enum class Ending : std::uint8_t {
  finished,     ///< all epochs are done
  no_progress,  ///< patience has run out
  stopped,      ///< a callback called stop()
  interrupted,  ///< by a signal
  diverged      ///< a figure was not finite: run() throws when callbacks have been told
};

/// What came of a training.
struct TrainingResult {
  Ending ending = Ending::finished;
  std::int64_t epochs = 0, steps = 0;  ///< done, with those of earlier runs
  double best = unknown;               ///< the figure that is watched, at its best,
  std::int64_t best_epoch = 0;         ///< and when that was; 0: never
  std::string checkpoint = {};         ///< the path of the last one; empty: none
  double seconds = 0;                  ///< of this run
  std::string message = {};            ///< all that in a sentence, and how to go on where there is a way
};

/// Who is told how a training goes. All calls come from the thread that trains.
class Callback {
 public:
  virtual ~Callback() = default;
  virtual void on_start(const TrainingPlan&) {}
  virtual void on_step(const StepFigures&) {}
  virtual void on_epoch(const EpochFigures&) {}
  virtual void on_end(const TrainingResult&) {}

 protected:
  Callback() = default;
  Callback(const Callback&) = default;
  Callback& operator=(const Callback&) = default;
};

}  // namespace xgrad::nn
