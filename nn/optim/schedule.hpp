#pragma once
#include <cstdint>
#include <vector>

#include <xgrad/nn/optim/optimizer.hpp>

// Learning rates that change from step to step, with PyTorch's names and formulas:
//     nn::StepLR schedule(optimizer, {.step_size = 30, .gamma = 0.5});
//     ... optimizer.step(); schedule.step();
namespace xgrad::nn {

/// Half a cosine, from `lr` at step 0 down to `low` at step `steps` and after:
/// low + (lr - low) (1 + cos(pi step / steps)) / 2 (Loshchilov and Hutter, "SGDR", 2017).
double cosine_lr(double lr, std::int64_t step, std::int64_t steps, double low = 0) noexcept;

// The rules: the rate of a step, from 0, as a function of the optimizer's first one. check() refuses, with a
// ValueError, what means nothing.

/// lr gamma^floor(step / step_size).
struct StepRule {
  std::int64_t step_size = 1;
  double gamma = 0.1;
  static constexpr const char* name = "StepLR";
  void check(Site site) const;
  double operator()(double lr, std::int64_t step) const;
};
/// lr gamma^(how many milestones have been reached).
struct MultiStepRule {
  std::vector<std::int64_t> milestones;
  double gamma = 0.1;
  static constexpr const char* name = "MultiStepLR";
  void check(Site site) const;
  double operator()(double lr, std::int64_t step) const;
};
/// lr gamma^step.
struct ExponentialRule {
  double gamma = 0.99;
  static constexpr const char* name = "ExponentialLR";
  void check(Site site) const;
  double operator()(double lr, std::int64_t step) const;
};
/// eta_min + (lr - eta_min) (1 + cos(pi step / t_max)) / 2; after t_max it rises again.
struct CosineRule {
  std::int64_t t_max = 1;
  double eta_min = 0;
  static constexpr const char* name = "CosineAnnealingLR";
  void check(Site site) const;
  double operator()(double lr, std::int64_t step) const;
};
/// The same over t_0 steps, and again from the start over t_mult times as many, and so on (SGDR).
struct WarmRestartsRule {
  std::int64_t t_0 = 1, t_mult = 1;
  double eta_min = 0;
  static constexpr const char* name = "CosineAnnealingWarmRestarts";
  void check(Site site) const;
  double operator()(double lr, std::int64_t step) const;
};
/// lr times what goes evenly from start_factor to end_factor in total_iters steps: a warm-up.
struct LinearRule {
  double start_factor = 1.0 / 3, end_factor = 1;
  std::int64_t total_iters = 5;
  static constexpr const char* name = "LinearLR";
  void check(Site site) const;
  double operator()(double lr, std::int64_t step) const;
};
/// lr factor for total_iters steps, then lr.
struct ConstantRule {
  double factor = 1.0 / 3;
  std::int64_t total_iters = 5;
  static constexpr const char* name = "ConstantLR";
  void check(Site site) const;
  double operator()(double lr, std::int64_t step) const;
};
/// lr (1 - step / total_iters)^power, then 0.
struct PolynomialRule {
  std::int64_t total_iters = 5;
  double power = 1;
  static constexpr const char* name = "PolynomialLR";
  void check(Site site) const;
  double operator()(double lr, std::int64_t step) const;
};

enum class Anneal { cos, linear };
/// Up from max_lr / div_factor to max_lr over pct_start of the steps, and down to the first over final_div_factor; with
/// three_phase back to the first in between (Smith and Topin, 2018). The optimizer's own rate is not used, its momentum
/// is left alone. After total_steps the rate stays.
struct OneCycleRule {
  double max_lr = 0.1;
  std::int64_t total_steps = 1;
  double pct_start = 0.3;
  Anneal anneal_strategy = Anneal::cos;
  double div_factor = 25, final_div_factor = 1e4;
  bool three_phase = false;
  static constexpr const char* name = "OneCycleLR";
  void check(Site site) const;
  double operator()(double lr, std::int64_t step) const;
};

/// Sets the rates of an optimizer, which has to outlive it: at first those of step 0.
class Schedule {
 public:
  virtual ~Schedule() = default;
  Schedule(const Schedule&) = delete;
  Schedule& operator=(const Schedule&) = delete;

  /// On to the next step: after each optimizer.step(), or after each epoch if steps are epochs.
  void step(Site site = Site::here());
  /// The rate of any step for an optimizer that starts from `lr`.
  virtual double rate(double lr, std::int64_t step) const = 0;

  std::vector<NamedTensor> state() const;
  /// Sets the rates of the step it is at then.
  void load_state(const std::vector<NamedTensor>& state, Site site = Site::here());

 protected:
  Schedule(const char* name, Optimizer& optimizer) noexcept : name_(name), optimizer_(optimizer) {}
  void set_rates(Site site);

  const char* name_;
  Optimizer& optimizer_;
  std::int64_t step_ = 0;
};

/// The schedule of one rule.
template <class Rule> class RuleSchedule : public Schedule {
 public:
  RuleSchedule(Optimizer& optimizer, Rule rule, Site site = Site::here())
      : Schedule(Rule::name, optimizer), rule_(std::move(rule)) {
    rule_.check(site);
    set_rates(site);
  }
  double rate(double lr, std::int64_t step) const override { return rule_(lr, step); }

 private:
  Rule rule_;
};

using StepLR = RuleSchedule<StepRule>;
using MultiStepLR = RuleSchedule<MultiStepRule>;
using ExponentialLR = RuleSchedule<ExponentialRule>;
using CosineAnnealingLR = RuleSchedule<CosineRule>;
using CosineAnnealingWarmRestarts = RuleSchedule<WarmRestartsRule>;
using LinearLR = RuleSchedule<LinearRule>;
using ConstantLR = RuleSchedule<ConstantRule>;
using PolynomialLR = RuleSchedule<PolynomialRule>;
using OneCycleLR = RuleSchedule<OneCycleRule>;

/// One schedule after another, each from its own step 0: parts[i + 1] takes over at step milestones[i]. The parts have
/// to outlive it; it alone is stepped, and it alone has to be saved.
///     nn::LinearLR warm_up(optimizer, {.start_factor = 0.1, .total_iters = 5});
///     nn::CosineAnnealingLR cosine(optimizer, {.t_max = 95});
///     nn::SequentialLR schedule(optimizer, {&warm_up, &cosine}, {5});
class SequentialLR : public Schedule {
 public:
  /// ValueError: not one milestone less than parts, or milestones that do not rise from 1.
  SequentialLR(Optimizer& optimizer, std::vector<const Schedule*> parts, std::vector<std::int64_t> milestones,
               Site site = Site::here());
  double rate(double lr, std::int64_t step) const override;

 private:
  std::vector<const Schedule*> parts_;
  std::vector<std::int64_t> milestones_;
};

/// When a figure is better than the best so far, and what happens where it is not.
struct PlateauOptions {
  bool maximize = false;  ///< PyTorch's mode: larger figures are better
  double factor = 0.1;
  std::int64_t patience = 10;
  double threshold = 1e-4;  ///< by which it has to be better,
  bool relative = true;     ///< times the best so far
  std::int64_t cooldown = 0;
  double min_lr = 0;
  double eps = 1e-8;  ///< a smaller change of a rate is none
};

/// Multiplies the rates by a factor when a figure, such as the loss on validation data, has not been better for more
/// than `patience` steps.
class ReduceLROnPlateau {
 public:
  /// ValueError: factor not in (0, 1), anything else negative.
  explicit ReduceLROnPlateau(Optimizer& optimizer, const PlateauOptions& options = {}, Site site = Site::here());
  void step(double figure, Site site = Site::here());

  std::vector<NamedTensor> state() const;
  /// The rates are part of the optimizer's state.
  void load_state(const std::vector<NamedTensor>& state, Site site = Site::here());

 private:
  bool is_better(double figure) const;

  Optimizer& optimizer_;
  PlateauOptions options_;
  double best_;
  std::int64_t bad_steps_ = 0, cooldown_left_ = 0;
};

}  // namespace xgrad::nn
