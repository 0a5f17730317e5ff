#pragma once
// What a Trainer keeps between two steps beside its parts, and how that is part of a TrainingState's history.
#include <xgrad/nn/train/callback.hpp>
#include <xgrad/nn/train/checkpoint.hpp>

namespace xgrad::nn::detail {

/// The values of a name; made if there are none.
std::vector<double>& series(std::vector<Series>& history, const char* name);

/// The figures of the epoch that is under way, and of early stopping.
struct Run {
  std::int64_t batches = 0;  // done of this epoch
  double loss_sum = 0;       // times samples
  std::int64_t samples = 0, named = 0, correct = 0;
  double best = unknown, lr = unknown;  // lr: of the last step
  std::int64_t best_epoch = 0;
  // The curve of steps: means over `stride` steps, twice as many whenever there are too many points.
  std::int64_t stride = 1, binned = 0;
  double bin_sum = 0;

  void end_epoch() noexcept { batches = samples = named = correct = 0, loss_sum = 0; }
  void add_to_curve(std::vector<Series>& history, std::int64_t step, double loss, double rate);
  /// As a series among the others. load() is a ValueError where that makes no sense for a loader of so many batches.
  void save(std::vector<Series>& history) const;
  static Run load(const std::vector<Series>& history, std::int64_t batches, Site site);
};

/// The sign of a nan means nothing to a reader.
inline double unsigned_nan(double x) { return x == x ? x : unknown; }

/// Where a tensor has something that is not finite: "nan at [3, 0]"; empty if it has not.
std::string not_finite(const Tensor& tensor);
/// The first of a module's parameters and buffers that is not finite, in words; empty if there is none.
std::string not_finite(const std::vector<NamedTensor>& state);

}  // namespace xgrad::nn::detail
