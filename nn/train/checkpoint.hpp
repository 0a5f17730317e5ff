#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

class DataLoader;
class ExponentialMovingAverage;
class Optimizer;
class ReduceLROnPlateau;
class Schedule;

/// A figure of each epoch, or step: {"loss", {0.61, 0.42}}.
struct Series {
  std::string name;
  std::vector<double> values;
};
/// What a run was started with: {"lr", "0.01"}.
struct Setting {
  std::string name, value;
};

/// A training at one moment: all that it takes to go on with the same bits, which is what a checkpoint keeps. What a
/// program does not have stays null. Gradients are not part of it: a checkpoint belongs between two steps.
///     nn::TrainingState state{.module = &net, .optimizer = &adam, .schedule = &cosine, .loader = &loader};
struct TrainingState {
  Module* module = nullptr;  ///< parameters, buffers and random streams
  Optimizer* optimizer = nullptr;
  Schedule* schedule = nullptr;
  ReduceLROnPlateau* plateau = nullptr;
  ExponentialMovingAverage* average = nullptr;
  DataLoader* loader = nullptr;           ///< its position
  std::vector<NamedRandom> randoms = {};  ///< the program's own streams
  std::int64_t step = 0, epoch = 0;
  std::vector<Series> history = {};
  std::vector<NamedTensor> best = {};  ///< the module's state at its best, which a Trainer with restore_best keeps here
  std::vector<Setting> configuration = {};  ///< what may not be another one when the run is resumed
};

/// Writes a checkpoint, whole or not at all: a safetensors file whose last tensor, "checksum", is the SHA-256 of all
/// bytes before it. IoError: it cannot be written. ValueError: there is no module, a name that comes twice or is not
/// UTF-8, a count below 0.
void save_checkpoint(const std::string& path, const TrainingState& state, Site site = Site::here());
/// Puts everything back into its place, or changes nothing. IoError: the file cannot be read, or is damaged.
/// ValueError, ShapeError or DTypeError: it is sound but of another version, configuration or model, with what differs.
void load_checkpoint(const std::string& path, TrainingState& state, Site site = Site::here());

/// What a checkpoint says of its run, without its parts: step, epoch, history, and the configuration sorted by name.
TrainingState describe_checkpoint(const std::string& path, Site site = Site::here());
/// Only the parameters and buffers of a checkpoint, as for a program that predicts. Errors as of load_checkpoint().
void load_weights(const std::string& path, Module& module, Site site = Site::here());

/// The checkpoints of one run in a folder of its own, "checkpoint-000001.safetensors" and so on: the last `keep` of
/// them. An older one goes only when the new one is safely on the disk.
class Checkpoints {
 public:
  /// Makes the folder if there is none. ValueError: keep < 1. IoError: the folder cannot be made.
  explicit Checkpoints(std::string folder, int keep = 3, Site site = Site::here());
  ~Checkpoints();
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;

  /// Keeps the folder for this run, until this goes or the process ends. Trainer::run() does that; a loop of one's own
  /// has to, if two programs might take the same folder. IoError: another run has it, or files cannot be made there.
  void lock(Site site = Site::here());

  /// The path of the new checkpoint. IoError: it cannot be written; those before it remain.
  std::string save(const TrainingState& state, Site site = Site::here());
  /// Loads the newest checkpoint that is sound; false if there are none. `refused`, unless it is null, becomes a line
  /// for each damaged one that was passed over: which file, and what is wrong. IoError: all are damaged. What is sound
  /// but does not fit is an error as of load_checkpoint(), not passed over.
  bool resume(TrainingState& state, std::string* refused, Site site = Site::here());
  /// The paths of all checkpoints, newest first.
  std::vector<std::string> files(Site site = Site::here()) const;

  const std::string& folder() const noexcept { return folder_; }

 private:
  std::vector<std::int64_t> numbers(Site site) const;
  std::string path_of(std::int64_t number) const;
  std::string path_after(const std::vector<std::int64_t>& newest_first) const;
  void drop_old(const std::vector<std::int64_t>& newest_first, int kept) const;

  std::string folder_;
  int keep_;
  int locked_ = -1;                    // a descriptor of the folder
  std::vector<std::int64_t> damaged_;  // those that were refused; they do not count as kept
};

}  // namespace xgrad::nn
