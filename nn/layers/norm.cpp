#include <xgrad/nn/layers/norm.hpp>

#include <limits>

#include <xgrad/nn/layers/internal/start.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/batch_norm.hpp>
#include <xgrad/ops/div.hpp>
#include <xgrad/ops/group_norm.hpp>
#include <xgrad/ops/layer_norm.hpp>
#include <xgrad/ops/rms_norm.hpp>
#include <xgrad/ops/sub.hpp>
#include <xgrad/ops/to.hpp>

namespace xgrad::nn {
namespace {

using detail::fail;

Parameter start(const Shape& shape, double value, DType dtype, Site site) {
  return Parameter(full(shape, value, dtype, site), site);
}

void check_eps(const char* layer, double eps, Site site) {
  if (!(eps >= 0)) fail<ValueError>(layer, site, "eps is {}, expected 0 or more", eps);
}

void check_normalized(const char* layer, const Shape& normalized, Site site) {
  for (const std::int64_t extent : normalized)
    if (extent < 1)
      fail<ValueError>(layer, site, "normalized is {}, expected extents of 1 or more", to_string(normalized));
  if (normalized.rank() == 0) fail<ValueError>(layer, site, "normalized is (), expected an axis or more");
}

}  // namespace

BatchNorm1d::BatchNorm1d(const char* name, std::int64_t features, const BatchNormOptions& options, Site site)
    : features_(features), options_(options) {
  layers::check_least(name, 1, {{"features", features}}, site);
  check_eps(name, options.eps, site);
  if (options.momentum && !(*options.momentum >= 0 && *options.momentum <= 1))
    fail<ValueError>(name, site, "momentum is {}, expected 0 to 1", *options.momentum);
  if (options.affine) {
    weight = start({features}, 1, options.dtype, site);
    bias = start({features}, 0, options.dtype, site);
  }
  if (options.track_running_stats) {
    running_mean = Buffer(zeros({features}, options.dtype, site));
    running_var = Buffer(ones({features}, options.dtype, site));
    num_batches_tracked = Buffer(tensor(0, int64, site));
  }
}

BatchNorm1d::BatchNorm1d(std::int64_t features, const BatchNormOptions& options, Site site)
    : BatchNorm1d("BatchNorm1d", features, options, site) {}

Tensor BatchNorm1d::normalized(const char* name, const Operand& x, int least_rank, int most_rank) {
  const Shape shape = layers::shape_of(x);
  if (shape.rank() < least_rank || shape.rank() > most_rank || shape[1] != features_)
    fail<ShapeError>(name, x.site, "x is {}, expected {}", to_string(shape),
                     least_rank == 4 ? fmt::format("(N, {}, H, W)", features_)
                                     : fmt::format("(N, {}) or (N, {}, L)", features_, features_));
  const bool tracks = options_.track_running_stats;
  const bool counts = tracks && training(), averages = counts && !options_.momentum;
  Tensor mean = averages ? running_mean.clone() : running_mean, var = averages ? running_var.clone() : running_var;
  const double momentum = averages ? 1 : options_.momentum.value_or(0);
  const Tensor y = batch_norm(x, mean, var, weight, bias, training() || !tracks, momentum, options_.eps);
  if (counts) num_batches_tracked.assign(num_batches_tracked + 1);
  if (averages) {  // of the batches so far: a momentum, but one that a plan does not know beforehand
    const Tensor count = xgrad::to(num_batches_tracked, mean.dtype());
    running_mean.assign(running_mean + (mean - running_mean) / count);
    running_var.assign(running_var + (var - running_var) / count);
  }
  return y;
}

Tensor BatchNorm1d::forward(const Operand& x) { return normalized("batch_norm", x, 2, 3); }

void BatchNorm1d::members(Members& m) {
  m("weight", weight);
  m("bias", bias);
  m("running_mean", running_mean);
  m("running_var", running_var);
  m("num_batches_tracked", num_batches_tracked);
}

std::string BatchNorm1d::options() const {
  const std::string momentum = options_.momentum ? fmt::format("{}", *options_.momentum) : "none";
  return fmt::format("{}, eps {}, momentum {}", features_, options_.eps, momentum);
}

BatchNorm2d::BatchNorm2d(std::int64_t features, const BatchNormOptions& options, Site site)
    : BatchNorm1d("BatchNorm2d", features, options, site) {}

Tensor BatchNorm2d::forward(const Operand& x) { return normalized("batch_norm", x, 4, 4); }

LayerNorm::LayerNorm(const Shape& normalized, const LayerNormOptions& options, Site site)
    : normalized_(normalized), eps_(options.eps) {
  check_normalized("LayerNorm", normalized, site);
  check_eps("LayerNorm", options.eps, site);
  if (!options.elementwise_affine) return;
  weight = start(normalized, 1, options.dtype, site);
  if (options.bias) bias = start(normalized, 0, options.dtype, site);
}

Tensor LayerNorm::forward(const Operand& x) { return layer_norm(x, normalized_, weight, bias, eps_); }

void LayerNorm::members(Members& m) {
  m("weight", weight);
  m("bias", bias);
}

std::string LayerNorm::options() const { return fmt::format("{}, eps {}", to_string(normalized_), eps_); }

GroupNorm::GroupNorm(std::int64_t groups, std::int64_t channels, const GroupNormOptions& options, Site site)
    : groups_(groups), channels_(channels), eps_(options.eps) {
  layers::check_least("GroupNorm", 1, {{"groups", groups}, {"channels", channels}}, site);
  check_eps("GroupNorm", options.eps, site);
  if (channels % groups != 0) fail<ValueError>("GroupNorm", site, "{} groups for {} channels", groups, channels);
  if (!options.affine) return;
  weight = start({channels}, 1, options.dtype, site);
  bias = start({channels}, 0, options.dtype, site);
}

Tensor GroupNorm::forward(const Operand& x) {
  const Shape shape = layers::shape_of(x);
  if (shape.rank() < 2 || shape[1] != channels_)
    fail<ShapeError>("group_norm", x.site, "x is {}, expected (N, {}, ...)", to_string(shape), channels_);
  return group_norm(x, groups_, weight, bias, eps_);
}

void GroupNorm::members(Members& m) {
  m("weight", weight);
  m("bias", bias);
}

std::string GroupNorm::options() const { return fmt::format("{} groups of {}, eps {}", groups_, channels_, eps_); }

RMSNorm::RMSNorm(const Shape& normalized, const RMSNormOptions& options, Site site)
    : normalized_(normalized), eps_(options.eps) {
  check_normalized("RMSNorm", normalized, site);
  check_eps("RMSNorm", options.eps.value_or(0), site);
  if (options.elementwise_affine) weight = start(normalized, 1, options.dtype, site);
}

Tensor RMSNorm::forward(const Operand& x) {
  const bool single = x.tensor && x.tensor->defined() && x.tensor->dtype() == float32;
  const double step = single ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
  return rms_norm(x, normalized_, weight, eps_.value_or(step));
}

void RMSNorm::members(Members& m) { m("weight", weight); }

std::string RMSNorm::options() const { return to_string(normalized_) + (eps_ ? fmt::format(", eps {}", *eps_) : ""); }

}  // namespace xgrad::nn
