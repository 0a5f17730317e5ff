#include <xgrad/nn/optim/schedule.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <xgrad/engine/internal/fail.hpp>

namespace xgrad::nn {
namespace {

double real(std::int64_t n) { return static_cast<double>(n); }

/// From a, at 0, to b, at 1, by half a cosine.
double half_cosine(double a, double b, double done) {
  return b + (a - b) * (1 + std::cos(std::numbers::pi * done)) / 2;
}

void at_least(const char* op, const char* option, std::int64_t value, std::int64_t least, Site site) {
  if (value < least) detail::fail<ValueError>(op, site, "{} is {}, expected {} or more", option, value, least);
}
void not_negative(const char* op, const char* option, double value, Site site) {
  if (!(value >= 0) || std::isinf(value))
    detail::fail<ValueError>(op, site, "{} must be a number not below 0: it is {}", option, value);
}
void above_0(const char* op, const char* option, double value, Site site) {
  if (!(value > 0) || std::isinf(value))
    detail::fail<ValueError>(op, site, "{} must be a number above 0: it is {}", option, value);
}

}  // namespace

double cosine_lr(double lr, std::int64_t step, std::int64_t steps, double low) noexcept {
  return step >= steps ? low : half_cosine(lr, low, real(step) / real(steps));
}

void StepRule::check(Site site) const {
  at_least(name, "step_size", step_size, 1, site);
  not_negative(name, "gamma", gamma, site);
}
double StepRule::operator()(double lr, std::int64_t step) const { return lr * std::pow(gamma, real(step / step_size)); }

void MultiStepRule::check(Site site) const {
  for (const std::int64_t milestone : milestones) at_least(name, "a milestone", milestone, 0, site);
  not_negative(name, "gamma", gamma, site);
}
double MultiStepRule::operator()(double lr, std::int64_t step) const {
  const auto reached = std::count_if(milestones.begin(), milestones.end(), [&](std::int64_t m) { return m <= step; });
  return lr * std::pow(gamma, real(reached));
}

void ExponentialRule::check(Site site) const { not_negative(name, "gamma", gamma, site); }
double ExponentialRule::operator()(double lr, std::int64_t step) const { return lr * std::pow(gamma, real(step)); }

void CosineRule::check(Site site) const {
  at_least(name, "t_max", t_max, 1, site);
  not_negative(name, "eta_min", eta_min, site);
}
double CosineRule::operator()(double lr, std::int64_t step) const {
  return half_cosine(lr, eta_min, real(step) / real(t_max));
}

void WarmRestartsRule::check(Site site) const {
  at_least(name, "t_0", t_0, 1, site);
  at_least(name, "t_mult", t_mult, 1, site);
  not_negative(name, "eta_min", eta_min, site);
}
double WarmRestartsRule::operator()(double lr, std::int64_t step) const {
  std::int64_t length = t_0;
  if (t_mult == 1) step %= t_0;
  else
    for (; step >= length; length *= t_mult) step -= length;
  return half_cosine(lr, eta_min, real(step) / real(length));
}

void LinearRule::check(Site site) const {
  above_0(name, "start_factor", start_factor, site);
  not_negative(name, "end_factor", end_factor, site);
  at_least(name, "total_iters", total_iters, 1, site);
}
double LinearRule::operator()(double lr, std::int64_t step) const {
  return lr * (start_factor + (end_factor - start_factor) * real(std::min(step, total_iters)) / real(total_iters));
}

void ConstantRule::check(Site site) const {
  not_negative(name, "factor", factor, site);
  at_least(name, "total_iters", total_iters, 0, site);
}
double ConstantRule::operator()(double lr, std::int64_t step) const { return step < total_iters ? lr * factor : lr; }

void PolynomialRule::check(Site site) const {
  at_least(name, "total_iters", total_iters, 1, site);
  not_negative(name, "power", power, site);
}
double PolynomialRule::operator()(double lr, std::int64_t step) const {
  return lr * std::pow(1 - real(std::min(step, total_iters)) / real(total_iters), power);
}

void OneCycleRule::check(Site site) const {
  not_negative(name, "max_lr", max_lr, site);
  at_least(name, "total_steps", total_steps, 1, site);
  if (!(pct_start >= 0 && pct_start <= 1))
    detail::fail<ValueError>(name, site, "pct_start must be in [0, 1]: it is {}", pct_start);
  above_0(name, "div_factor", div_factor, site);
  above_0(name, "final_div_factor", final_div_factor, site);
}
double OneCycleRule::operator()(double, std::int64_t step) const {
  const double first = max_lr / div_factor, last = first / final_div_factor, end = real(total_steps - 1),
               up = pct_start * real(total_steps) - 1, at = std::min(real(step), end);
  const auto phase = [&](double from, double to, double begin, double stop) {
    const double done = stop > begin ? (at - begin) / (stop - begin) : 1;
    return anneal_strategy == Anneal::cos ? half_cosine(from, to, done) : from + (to - from) * done;
  };
  if (at <= up) return phase(first, max_lr, 0, up);
  if (!three_phase) return phase(max_lr, last, up, end);
  const double down = 2 * up;
  return at <= down ? phase(max_lr, first, up, down) : phase(first, last, down, end);
}

void Schedule::set_rates(Site site) {
  for (std::size_t group = 0; group < optimizer_.groups(); ++group)
    optimizer_.set_lr(rate(optimizer_.initial_lr(group), step_), group, site);
}

void Schedule::step(Site site) {
  ++step_;
  set_rates(site);
}

std::vector<NamedTensor> Schedule::state() const { return {{"step", number_of(step_)}}; }

void Schedule::load_state(const std::vector<NamedTensor>& state, Site site) {
  StateReader reader(name_, state, site);
  const std::int64_t step = reader.take_count("step");
  reader.finish();
  step_ = step;
  set_rates(site);
}

SequentialLR::SequentialLR(Optimizer& optimizer, std::vector<const Schedule*> parts,
                           std::vector<std::int64_t> milestones, Site site)
    : Schedule("SequentialLR", optimizer), parts_(std::move(parts)), milestones_(std::move(milestones)) {
  if (parts_.empty() || milestones_.size() + 1 != parts_.size())
    detail::fail<ValueError>(name_, site, "{} parts and {} milestones, expected one milestone less than parts",
                             parts_.size(), milestones_.size());
  for (std::size_t i = 0; i < milestones_.size(); ++i)
    at_least(name_, "a milestone", milestones_[i], i == 0 ? 1 : milestones_[i - 1] + 1, site);
  set_rates(site);
}

double SequentialLR::rate(double lr, std::int64_t step) const {
  const auto part = std::upper_bound(milestones_.begin(), milestones_.end(), step) - milestones_.begin();
  const auto i = static_cast<std::size_t>(part);
  return parts_[i]->rate(lr, i == 0 ? step : step - milestones_[i - 1]);
}

namespace {

constexpr const char* plateau = "ReduceLROnPlateau";
constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

ReduceLROnPlateau::ReduceLROnPlateau(Optimizer& optimizer, const PlateauOptions& options, Site site)
    : optimizer_(optimizer), options_(options), best_(options.maximize ? -infinity : infinity) {
  if (!(options.factor > 0 && options.factor < 1))
    detail::fail<ValueError>(plateau, site, "factor must be in (0, 1): it is {}", options.factor);
  at_least(plateau, "patience", options.patience, 0, site);
  at_least(plateau, "cooldown", options.cooldown, 0, site);
  not_negative(plateau, "threshold", options.threshold, site);
  not_negative(plateau, "min_lr", options.min_lr, site);
  not_negative(plateau, "eps", options.eps, site);
}

bool ReduceLROnPlateau::is_better(double figure) const {
  const double margin = options_.threshold;
  if (options_.maximize) return figure > (options_.relative ? best_ * (1 + margin) : best_ + margin);
  return figure < (options_.relative ? best_ * (1 - margin) : best_ - margin);
}

void ReduceLROnPlateau::step(double figure, Site site) {
  if (is_better(figure)) best_ = figure, bad_steps_ = 0;
  else ++bad_steps_;
  if (cooldown_left_ > 0) --cooldown_left_, bad_steps_ = 0;
  if (bad_steps_ <= options_.patience) return;
  for (std::size_t group = 0; group < optimizer_.groups(); ++group) {
    const double old = optimizer_.lr(group), now = std::max(old * options_.factor, options_.min_lr);
    if (old - now > options_.eps) optimizer_.set_lr(now, group, site);
  }
  cooldown_left_ = options_.cooldown;
  bad_steps_ = 0;
}

std::vector<NamedTensor> ReduceLROnPlateau::state() const {
  return {
      {"best", number_of(best_)}, {"bad_steps", number_of(bad_steps_)}, {"cooldown_left", number_of(cooldown_left_)}};
}

void ReduceLROnPlateau::load_state(const std::vector<NamedTensor>& state, Site site) {
  StateReader reader(plateau, state, site);
  const double best = reader.take_number("best", -infinity, infinity);
  const std::int64_t bad_steps = reader.take_count("bad_steps"), left = reader.take_count("cooldown_left");
  reader.finish();
  best_ = best;
  bad_steps_ = bad_steps;
  cooldown_left_ = left;
}

}  // namespace xgrad::nn
