#pragma once
#include <cstdint>
#include <optional>

#include <xgrad/nn/module.hpp>

// Normalisation: weights start at 1, biases at 0. An extent below 1, an eps below 0 and groups that do not divide the
// channels are a ValueError.
namespace xgrad::nn {

struct BatchNormOptions {
  double eps = 1e-5;
  /// How much of a batch's mean and variance goes into the running ones; none: their average over all batches.
  std::optional<double> momentum = 0.1;
  bool affine = true;
  /// Without, eval() normalises by the batch too.
  bool track_running_stats = true;
  DType dtype = float32;
};

/// batch_norm() of x (N, C) or (N, C, L), by the batch in training and by running_mean and running_var else.
class BatchNorm1d : public Module {
 public:
  explicit BatchNorm1d(std::int64_t features, const BatchNormOptions& options = {}, Site site = Site::here());
  Tensor forward(const Operand& x) override;
  void members(Members& m) override;
  std::string options() const override;

  Parameter weight, bias;
  Buffer running_mean, running_var, num_batches_tracked;

 protected:
  BatchNorm1d(const char* name, std::int64_t features, const BatchNormOptions& options, Site site);
  Tensor normalized(const char* name, const Operand& x, int least_rank, int most_rank);

 private:
  std::int64_t features_;
  BatchNormOptions options_;
};

/// The same of x (N, C, H, W).
class BatchNorm2d : public BatchNorm1d {
 public:
  explicit BatchNorm2d(std::int64_t features, const BatchNormOptions& options = {}, Site site = Site::here());
  Tensor forward(const Operand& x) override;
};

struct LayerNormOptions {
  double eps = 1e-5;
  bool elementwise_affine = true;
  bool bias = true;
  DType dtype = float32;
};
/// layer_norm() over the last axes, those of `normalized`: `LayerNorm({64})`.
class LayerNorm : public Module {
 public:
  explicit LayerNorm(const Shape& normalized, const LayerNormOptions& options = {}, Site site = Site::here());
  Tensor forward(const Operand& x) override;
  void members(Members& m) override;
  std::string options() const override;

  Parameter weight, bias;

 private:
  Shape normalized_;
  double eps_;
};

struct GroupNormOptions {
  double eps = 1e-5;
  bool affine = true;
  DType dtype = float32;
};
/// group_norm() of x (N, C, ...).
class GroupNorm : public Module {
 public:
  GroupNorm(std::int64_t groups, std::int64_t channels, const GroupNormOptions& options = {}, Site site = Site::here());
  Tensor forward(const Operand& x) override;
  void members(Members& m) override;
  std::string options() const override;

  Parameter weight, bias;

 private:
  std::int64_t groups_, channels_;
  double eps_;
};

struct RMSNormOptions {
  /// None: the distance from 1 to the next number of x's dtype, as in PyTorch.
  std::optional<double> eps = {};
  bool elementwise_affine = true;
  DType dtype = float32;
};
/// rms_norm() over the last axes, those of `normalized`.
class RMSNorm : public Module {
 public:
  explicit RMSNorm(const Shape& normalized, const RMSNormOptions& options = {}, Site site = Site::here());
  Tensor forward(const Operand& x) override;
  void members(Members& m) override;
  std::string options() const override;

  Parameter weight;

 private:
  Shape normalized_;
  std::optional<double> eps_;
};

}  // namespace xgrad::nn
