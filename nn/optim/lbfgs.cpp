#include <xgrad/nn/optim/lbfgs.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/ops/xgrad.hpp>

namespace xgrad::nn {
namespace {

constexpr const char* op = "LBFGS";
constexpr double enough = 1e-4, flat = 0.9;  // Wolfe's c1 and c2
constexpr double least_curvature = 1e-10;    // below it a step tells nothing

double largest(const Tensor& x) { return max(abs(x)).item(); }
double inner(const Tensor& a, const Tensor& b) { return dot(a, b).item(); }

/// Where the cubic through two points with slopes has its minimum, kept within bounds (Nocedal and Wright, "Numerical
/// optimization", 2006, 3.59).
template <class Point> double cubic_minimum(const Point& p, const Point& q, double least, double most) {
  const auto& [left, right] =
      p.t <= q.t ? std::pair<const Point&, const Point&>(p, q) : std::pair<const Point&, const Point&>(q, p);
  const double d1 = left.slope + right.slope - 3 * (left.loss - right.loss) / (left.t - right.t),
               square = d1 * d1 - left.slope * right.slope;
  if (!(square >= 0)) return (least + most) / 2;
  const double d2 = std::sqrt(square);
  const double t = right.t - (right.t - left.t) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2));
  return std::min(std::max(t, least), most);
}

}  // namespace

LBFGS::LBFGS(std::vector<Tensor> parameters, const LbfgsOptions& options, Site site)
    : Optimizer(op), options_(options) {
  const auto at_least = [&](const char* option, auto value, auto least) {
    if (!(value >= least)) detail::fail<ValueError>(op, site, "{} is {}, expected {} or more", option, value, least);
  };
  at_least("max_iter", options.max_iter, std::int64_t{1});
  at_least("max_eval", options.max_eval, std::int64_t{0});
  at_least("history_size", options.history_size, std::int64_t{1});
  at_least("tolerance_grad", options.tolerance_grad, 0.0);
  at_least("tolerance_change", options.tolerance_change, 0.0);
  if (options_.max_eval == 0) options_.max_eval = options.max_iter * 5 / 4;
  add_parameters(std::move(parameters), options.lr, site);
  for (const Tensor& p : parameters_)
    if (p.dtype() != parameters_[0].dtype())
      detail::fail<ValueError>(op, site, "parameters of {} and {}, expected one dtype", name_of(parameters_[0].dtype()),
                               name_of(p.dtype()));
}

void LBFGS::step(Site site) {
  detail::fail<ValueError>(op, site, "a step needs the function that computes the loss: step([&] {{ ... }})");
}

Tensor LBFGS::flat_gradient() const {
  std::vector<Tensor> parts;
  for (const Tensor& p : parameters_) {
    const Tensor grad = p.grad();
    parts.push_back(grad.defined() ? reshape(grad, {-1}) : zeros({p.size()}, p.dtype()));
  }
  return concatenate(parts);
}

/// The parameters become from + t direction.
void LBFGS::move(const std::vector<Tensor>& from, double t) {
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const std::int64_t end = begin + parameters_[i].size();
    const Tensor part = reshape(slice(direction_, {Slice(begin, end)}), parameters_[i].shape());
    parameters_[i].assign(from[i] + t * part);
    begin = end;
  }
}

LBFGS::Point LBFGS::evaluate(Loss loss, const std::vector<Tensor>& from, double t) {
  move(from, t);
  const double value = loss.call(loss.closure);
  const Tensor grad = flat_gradient();
  return {t, value, grad, inner(grad, direction_)};
}

/// Minus the inverse Hessian, as far as it is known, times the gradient: Nocedal's two loops.
Tensor LBFGS::next_direction(const Tensor& grad) {
  if (!direction_.defined()) return -grad;
  const Tensor y = grad - last_grad_, s = direction_ * length_;
  if (const double curvature = inner(y, s); curvature > least_curvature) {
    if (memory_.size() == static_cast<std::size_t>(options_.history_size)) memory_.erase(memory_.begin());
    memory_.push_back({y, s, 1 / curvature});
    diagonal_ = curvature / inner(y, y);
  }
  Tensor q = -grad;
  std::vector<double> alpha(memory_.size());
  for (std::size_t i = memory_.size(); i-- > 0;) {
    alpha[i] = inner(memory_[i].s, q) * memory_[i].rho;
    q = q - alpha[i] * memory_[i].y;
  }
  q = q * diagonal_;
  for (std::size_t i = 0; i < memory_.size(); ++i)
    q = q + (alpha[i] - inner(memory_[i].y, q) * memory_[i].rho) * memory_[i].s;
  return q;
}

double LBFGS::minimize(Loss loss) {
  const double first = loss.call(loss.closure), rate = lr();
  Point now{0, first, flat_gradient(), 0};
  std::int64_t evaluations = 1;
  if (largest(now.grad) <= options_.tolerance_grad) return first;
  for (std::int64_t round = 1; round <= options_.max_iter; ++round) {
    const bool is_first = ++count_ == 1;
    direction_ = next_direction(now.grad);
    last_grad_ = now.grad;
    length_ = (is_first ? std::min(1.0, 1 / sum(abs(now.grad)).item()) : 1.0) * rate;
    now = {0, now.loss, now.grad, inner(now.grad, direction_)};
    if (now.slope > -options_.tolerance_change) break;

    const double before = now.loss;
    std::vector<Tensor> from;
    for (const Tensor& p : parameters_) from.push_back(p.clone());
    if (options_.strong_wolfe) {
      now = search(loss, from, now, length_, evaluations);
      length_ = now.t;
      move(from, length_);
    } else if (round != options_.max_iter) {
      now = evaluate(loss, from, length_);
      ++evaluations;
    } else {
      move(from, length_);
    }
    if (evaluations >= options_.max_eval || largest(now.grad) <= options_.tolerance_grad ||
        largest(direction_ * length_) <= options_.tolerance_change ||
        std::abs(now.loss - before) < options_.tolerance_change)
      break;
  }
  return first;
}

/// A point where the loss is low enough and flat enough by Wolfe's strong conditions (Nocedal and Wright, 3.5).
LBFGS::Point LBFGS::search(Loss loss, const std::vector<Tensor>& from, const Point& start, double t,
                           std::int64_t& evaluations) {
  Point before = start, now = evaluate(loss, from, t);
  const std::int64_t rounds = options_.max_eval - evaluations++;
  for (std::int64_t round = 0; round < rounds; ++round) {
    const bool too_high =
        now.loss > start.loss + enough * now.t * start.slope || (round > 1 && now.loss >= before.loss);
    if (!too_high && std::abs(now.slope) <= -flat * start.slope) return now;
    if (too_high || now.slope >= 0) return narrow(loss, from, start, before, now, evaluations, rounds - round);
    t = cubic_minimum(before, now, now.t + 0.01 * (now.t - before.t), now.t * 10);
    before = now;
    now = evaluate(loss, from, t);
    ++evaluations;
  }
  return start.loss <= now.loss ? start : now;
}

/// The same between two points, one of which stays the lower one (3.6).
LBFGS::Point LBFGS::narrow(Loss loss, const std::vector<Tensor>& from, const Point& start, Point low, Point high,
                           std::int64_t& evaluations, std::int64_t rounds) {
  const double reach = largest(direction_);
  bool is_slow = false;
  if (low.loss > high.loss) std::swap(low, high);
  for (; rounds > 0 && !(std::abs(high.t - low.t) * reach < options_.tolerance_change); --rounds) {
    const double left = std::min(low.t, high.t), right = std::max(low.t, high.t), edge = 0.1 * (right - left);
    double t = cubic_minimum(low, high, left, right);
    // Twice in a row near an end, or at it: away from there.
    const bool is_near = std::min(right - t, t - left) < edge;
    if (is_near && (is_slow || t >= right || t <= left)) {
      t = std::abs(t - right) < std::abs(t - left) ? right - edge : left + edge;
      is_slow = false;
    } else {
      is_slow = is_near;
    }
    Point now = evaluate(loss, from, t);
    ++evaluations;
    if (now.loss > start.loss + enough * t * start.slope || now.loss >= low.loss) {
      high = std::move(now);
      if (low.loss > high.loss) std::swap(low, high);
      continue;
    }
    if (std::abs(now.slope) <= -flat * start.slope) return now;
    if (now.slope * (high.t - low.t) >= 0) high = low;
    low = std::move(now);
  }
  return low;
}

void LBFGS::save(std::vector<NamedTensor>& state) const {
  state.push_back({"n_iter", number_of(count_)});
  if (!direction_.defined()) return;
  state.push_back({"t", number_of(length_)});
  state.push_back({"H_diag", number_of(diagonal_)});
  state.push_back({"d", direction_.clone()});
  state.push_back({"prev_flat_grad", last_grad_.clone()});
  for (std::size_t i = 0; i < memory_.size(); ++i) {
    const std::string number = "." + std::to_string(i);
    state.push_back({"old_dirs" + number, memory_[i].y.clone()});
    state.push_back({"old_stps" + number, memory_[i].s.clone()});
    state.push_back({"ro" + number, number_of(memory_[i].rho)});
  }
}

void LBFGS::load(StateReader& reader) {
  constexpr double most = std::numeric_limits<double>::infinity();
  const DType dtype = parameters_[0].dtype();
  std::int64_t size = 0;
  for (const Tensor& p : parameters_) size += p.size();
  const auto take = [&](const std::string& name) { return reader.take(name, {size}, dtype).clone(); };
  const std::int64_t count = reader.take_count("n_iter");
  double length = 0, diagonal = 1;
  Tensor direction, last_grad;
  std::vector<Memory> memory;
  if (count > 0) {
    length = reader.take_number("t", -most, most);
    diagonal = reader.take_number("H_diag", -most, most);
    direction = take("d");
    last_grad = take("prev_flat_grad");
    for (std::string number = ".0"; reader.has("old_dirs" + number); number = "." + std::to_string(memory.size())) {
      const Tensor y = take("old_dirs" + number), s = take("old_stps" + number);
      memory.push_back({y, s, reader.take_number("ro" + number, -most, most)});
    }
  }
  reader.finish();
  count_ = count, length_ = length, diagonal_ = diagonal;
  direction_ = direction, last_grad_ = last_grad, memory_ = std::move(memory);
}

}  // namespace xgrad::nn
