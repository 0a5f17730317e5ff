// Reverse mode against finite differences and forward mode.
#include <xgrad/engine/gradcheck.hpp>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/internal/gradcheck.hpp>
#include <xgrad/engine/random.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace xgrad {
namespace {

using detail::BothJacobians;
using detail::Numbers;
using detail::Subject;
using Index = std::int64_t;
using Cause = GradcheckCause;

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();

double largest_finite(const Numbers& numbers) {
  double most = 0;
  for (double x : numbers)
    if (std::isfinite(x)) most = std::max(most, std::abs(x));
  return most;
}

/// Neither small nor alike, of either sign.
Numbers random_numbers(Random& random, std::size_t n) {
  Numbers numbers(n);
  for (double& x : numbers) x = (random.bits() & 1 ? 1 : -1) * (0.5 + random.uniform());
  return numbers;
}

/// The direction in columns [begin, end), zero in others.
Numbers only(const Numbers& direction, std::size_t begin, std::size_t end) {
  Numbers part(direction.size());
  std::copy_n(direction.data() + begin, end - begin, part.data() + begin);
  return part;
}

/// One order of a gradcheck.
class Check {
 public:
  /// `kept`: copies of the inputs.
  Check(Subject subject, int order, const std::vector<Tensor>& kept, const GradcheckOptions& options,
        GradcheckReport& report)
      : subject_(std::move(subject)),
        order_(order),
        kept_(kept),
        options_(options),
        report_(report),
        findings_(subject_, order, kept.size(), options.names, report),
        random_(options.seed, static_cast<std::uint64_t>(order)),
        sizes_(subject_.point()),
        differing_(subject_.unknowns().size()),
        checked_(subject_.unknowns().size()) {
    for (double& x : sizes_) x = std::max(1.0, std::abs(x));
  }

  /// False, and the report says why, where something differs.
  bool run() {
    try {
      return compare_all();
    } catch (const detail::ResultChanged& changed) {
      findings_.fail(Cause::shape, -1);
      report_.text = fmt::format("gradcheck, order {}: {}", order_, changed.what);
      return false;
    }
  }

 private:
  bool compare_all() {
    outputs_ = subject_.values();
    if (changes("f")) return false;
    values_ = detail::flatten(outputs_);
    scale_ = largest_finite(values_);
    if (!same(detail::flatten(subject_.values()), false)) return false;

    const auto outputs = static_cast<Index>(values_.size());
    const bool full = outputs * static_cast<Index>(subject_.columns()) <= options_.full_size;
    for (Index k = 0; k < (full ? outputs : 1); ++k) {
      weights_.push_back(full ? Numbers(values_.size()) : random_weights());
      if (full) weights_.back()[static_cast<std::size_t>(k)] = 1;
    }
    weighted_ = !full;
    if (!pull_back() || changes("the derivative")) return false;

    if (full)
      for (std::size_t unknown = 0; unknown < checked_.size(); ++unknown) check_elements(unknown);
    else if (!weights_[0].empty()) check_directions();
    if (report_.ok && !weighted_) check_linear();
    if (report_.ok && order_ == 1) check_forward();
    for (Index n : checked_) report_.checked += n;
    return report_.ok;
  }
  /// Zero for what is not finite.
  Numbers random_weights() {
    Numbers weights = random_numbers(random_, values_.size());
    for (std::size_t k = 0; k < weights.size(); ++k)
      if (!std::isfinite(values_[k])) weights[k] = 0;
    return weights;
  }

  /// One derivative along a direction, of one row.
  struct Entry {
    std::size_t row;
    double analytic, numeric = 0, noise = 0;
  };

  // ---- what has to hold before derivatives can be compared

  bool changes(const char* who) {
    const int input = subject_.put_back(kept_);
    if (input < 0) return false;
    findings_.fail(Cause::changed_input, input);
    report_.text = fmt::format("gradcheck, order {}: {} changes the elements of input {}{}", order_, who, input,
                               findings_.quoted_name(input));
    return true;
  }

  /// The same bits as before, or, of what was recorded, the same up to rounding.
  bool same(const Numbers& now, bool recorded) {
    const Numbers& before = values_;
    if (before.size() != now.size()) {
      findings_.fail(Cause::shape, -1);
      report_.text = fmt::format("gradcheck, order {}: the result has another shape {}", order_,
                                 recorded ? "when recorded" : "the second time");
      return false;
    }
    for (std::size_t i = 0; i < before.size(); ++i) {
      const double a = now[i], n = before[i];
      if (a == n || (std::isnan(a) && std::isnan(n)) || (recorded && std::abs(a - n) <= 1e-10 * (1 + scale_))) continue;
      findings_.fail(recorded ? Cause::recording : Cause::nondeterministic, -1, static_cast<Index>(i), a, n);
      report_.text =
          fmt::format("gradcheck, order {}: element {} of the {} is {} {}, {} {}", order_, i,
                      order_ == 1 ? "result" : "gradient", n, recorded ? "plainly" : "at first", a,
                      recorded ? "when recorded" : "the second time: random numbers, or a state that changes?");
      return false;
    }
    return true;
  }

  /// The rows by reverse mode.
  bool pull_back() {
    try {
      Tape tape;
      const std::vector<Tensor> recorded = subject_.recorded(tape);
      if (!same(detail::flatten(recorded), true)) return false;
      for (const Numbers& w : weights_) rows_.push_back(subject_.pull_back(tape, recorded, w));
      if (weights_.empty()) return true;
      if (!weighted_) {
        mix_ = random_weights();
        mix_[0] = -std::abs(mix_[0]);  // the rows had positive ones
        mixed_ = subject_.pull_back(tape, recorded, mix_);
      }
      const Numbers again = subject_.pull_back(tape, recorded, weights_[0]);
      for (std::size_t i = 0; i < again.size(); ++i) {
        const double a = rows_[0][i], b = again[i];
        if (a == b || (std::isnan(a) && std::isnan(b))) continue;
        const std::size_t unknown = subject_.unknown_of(i);
        findings_.fail(Cause::nondeterministic, subject_.number(unknown), subject_.element_of(i), b, a);
        report_.text = fmt::format("gradcheck, order {}: the derivative for {} is {} at first, {} the second time",
                                   order_, findings_.name_of(unknown, report_.element), a, b);
        return false;
      }
      return true;
    } catch (const ShapeError& error) {
      return refused(error.what(), Cause::shape);
    } catch (const Error& error) {
      return refused(error.what(), Cause::error);
    }
  }

  /// The derivative threw: for which input?
  bool refused(const char* why, Cause cause) {
    findings_.fail(cause, -1);
    std::string name = "an input";
    for (std::size_t unknown = 0; unknown < checked_.size() && report_.input < 0; ++unknown) try {
        Tape tape;
        for (const Tensor& y : subject_.recorded(tape, unknown))
          if (y.requires_grad()) tape.gradient(y, subject_.unknowns()[unknown], {.seed = ones(y.shape(), float64)});
      } catch (const Error&) {
        findings_.fail(cause, subject_.number(unknown));
        name = findings_.name_of(unknown);
      }
    report_.text = fmt::format("gradcheck, order {}: the derivative for {} throws: {}", order_, name, why);
    return false;
  }

  // ---- a whole Jacobian, or one row of it

  void check_elements(std::size_t unknown) {
    const auto first = subject_.first_column(unknown);
    const auto columns = static_cast<std::size_t>(subject_.unknowns()[unknown].size());
    BothJacobians both{.rows = rows_.size(),
                       .columns = columns,
                       .input = subject_.unknowns()[unknown].shape(),
                       .result = order_ == 1 ? outputs_[0].shape() : Shape{},
                       .weighted = weighted_};
    both.analytic.resize(both.rows * columns);
    both.numeric = both.allowed = both.analytic;
    for (std::size_t i = 0; i < columns; ++i)
      for (const Entry& entry : check_column(first + i)) {
        const std::size_t here = entry.row * columns + i;
        both.analytic[here] = entry.analytic / sizes_[first + i];
        both.numeric[here] = entry.numeric / sizes_[first + i];
        both.allowed[here] = allowed(entry) / sizes_[first + i];
      }
    if (report_.ok || worst_column_ < first || worst_column_ >= first + columns) return;
    if (report_.cause != Cause::kink) report_.cause = detail::probable_cause(both, factor_);
    describe_worst();
  }

  /// Compares all rows at one element, along the size of a step there. Entries at a kink that are as they should be
  /// have their numbers made equal.
  std::vector<Entry> check_column(std::size_t column) {
    Numbers direction(sizes_.size());
    direction[column] = sizes_[column];
    std::vector<Entry> entries;
    for (std::size_t k = 0; k < rows_.size(); ++k)
      if (weighted_ || std::isfinite(values_[k])) entries.push_back({k, rows_[k][column] * sizes_[column]});
    compare(direction, column, entries);
    if (!std::all_of(entries.begin(), entries.end(), [&](const Entry& e) { return agree(e); }))
      look_to_both_sides(direction, column, entries);
    for (const Entry& entry : entries) count(entry, column);
    return entries;
  }

  /// The rows are right; a weighted sum of them has to be what the weights pull back.
  void check_linear() {
    for (std::size_t i = 0; i < mixed_.size(); ++i) {
      double sum = 0, terms = 0;
      for (std::size_t k = 0; k < rows_.size(); ++k) {
        if (mix_[k] == 0) continue;
        sum += mix_[k] * rows_[k][i];
        terms += std::abs(mix_[k] * rows_[k][i]);
      }
      if (std::abs(mixed_[i] - sum) <= options_.atol + std::max(options_.rtol, 1e-12) * terms || std::isnan(sum))
        continue;
      const std::size_t unknown = subject_.unknown_of(i);
      findings_.fail(Cause::upstream, subject_.number(unknown), subject_.element_of(i), mixed_[i], sum);
      report_.text = fmt::format(
          "gradcheck, order {}: the derivative with respect to {} is not linear in the upstream gradient: under a "
          "random one it is {:.10g}, by its parts {:.10g}",
          order_, findings_.name_of(unknown, report_.element), mixed_[i], sum);
      return;
    }
  }

  // ---- <w, J v> = <Jᵀ w, v>

  void check_directions() {
    Numbers direction = random_numbers(random_, subject_.columns());
    for (std::size_t i = 0; i < direction.size(); ++i) direction[i] *= sizes_[i];
    Entry all{0, detail::dot(rows_[0], direction)};
    const double step = std::min(options_.step, std::cbrt(epsilon));
    const Numbers slopes = difference(direction, step, false);
    all.numeric = of_row(slopes, 0);
    all.noise = noise(step, slopes, 0);
    if (agree(all)) {
      for (Index& n : checked_) ++n;
      note(all);
      return;
    }
    for (std::size_t unknown = 0; unknown < checked_.size(); ++unknown) {
      const auto begin = subject_.first_column(unknown);
      const std::size_t end = begin + static_cast<std::size_t>(subject_.unknowns()[unknown].size());
      const Entry whole = compare_part(direction, begin, end);
      if (agree(whole)) ++checked_[unknown], note(whole);
      else if (static_cast<Index>(end - begin) <= std::max<Index>(options_.full_size, 1024)) check_elements(unknown);
      else halve(direction, begin, end, unknown);
    }
  }

  Entry compare_part(const Numbers& direction, std::size_t begin, std::size_t end) {
    const Numbers part = only(direction, begin, end);
    std::vector<Entry> entry{{0, detail::dot(rows_[0], part)}};
    compare(part, begin, entry);
    return entry[0];
  }

  /// Finds the element that is wrong. Elements that are not, as at a kink, are taken out of the direction.
  void halve(Numbers direction, std::size_t all_begin, std::size_t all_end, std::size_t unknown) {
    for (int attempt = 0; attempt < 20; ++attempt) {
      std::size_t begin = all_begin, end = all_end;
      if (agree(compare_part(direction, begin, end))) return;
      while (end - begin > 1) {
        const std::size_t middle = begin + (end - begin) / 2;
        const bool lower =
            excess(compare_part(direction, begin, middle)) >= excess(compare_part(direction, middle, end));
        (lower ? end : begin) = middle;
      }
      const Entry entry = check_column(begin)[0];
      if (!agree(entry)) {
        if (report_.cause != Cause::kink)
          report_.cause = detail::probable_cause({.rows = 1,
                                                  .columns = 1,
                                                  .analytic = {entry.analytic},
                                                  .numeric = {entry.numeric},
                                                  .allowed = {allowed(entry)},
                                                  .weighted = true},
                                                 factor_);
        if (report_.cause == Cause::factor) report_.cause = Cause::other;  // one number always has a factor
        return describe_worst();
      }
      direction[begin] = 0;
    }
    check_elements(unknown);  // too many to look for one by one
  }

  // ---- forward mode

  void check_forward() {
    Numbers direction = random_numbers(random_, subject_.columns());
    const Numbers pushed = subject_.push_forward(direction);
    if (pushed.empty()) return;
    std::size_t row = wrong_row(pushed, direction);
    if (row == rows_.size()) return;
    for (std::size_t unknown = 0; unknown < checked_.size(); ++unknown) {
      const std::size_t begin = subject_.first_column(unknown);
      const Numbers part =
          only(direction, begin, begin + static_cast<std::size_t>(subject_.unknowns()[unknown].size()));
      const Numbers once_more = subject_.push_forward(part);
      row = wrong_row(once_more, part);
      if (row == rows_.size()) continue;
      findings_.fail(Cause::forward_mode, subject_.number(unknown), -1, detail::dot(rows_[row], part));
      report_.numeric = report_.analytic;
      report_.forward = detail::dot(once_more, weights_[row]);
      report_.text = fmt::format(
          "gradcheck, order 1: along a random direction of {} the derivative is {:.10g} by reverse mode and finite "
          "differences and {:.10g} by forward mode: differentiating the derivative by its upstream gradient, in which "
          "it has to be linear, goes wrong",
          findings_.name_of(unknown), report_.analytic, report_.forward);
      return;
    }
  }
  std::size_t wrong_row(const Numbers& pushed, const Numbers& direction) const {
    for (std::size_t k = 0; k < rows_.size(); ++k) {
      const double forward = detail::dot(pushed, weights_[k]), reverse = detail::dot(rows_[k], direction);
      double terms = 0;
      for (std::size_t i = 0; i < direction.size(); ++i) terms += std::abs(rows_[k][i] * direction[i]);
      const double allowed = options_.atol + std::max(options_.rtol, 1e-12) * std::max(std::abs(forward), terms);
      if (std::abs(forward - reverse) > allowed) return k;
    }
    return rows_.size();
  }

  // ---- numbers

  /// Fills in the finite differences along the direction. A wrong derivative is wrong at every step; what goes away
  /// with a smaller one was curvature, a kink or a pole nearby. `column` is that of a single element, or the first of
  /// several.
  void compare(const Numbers& direction, std::size_t column, std::vector<Entry>& entries) {
    std::vector<double> steps;
    for (int k = 0; k < 4; ++k) steps.push_back(options_.step * std::pow(0.1, k));
    // An element much closer to 0, where the pole of a logarithm may be, is moved by a part of itself.
    const double own = std::abs(subject_.point()[column]) / sizes_[column] * options_.step;
    for (const double step : {own, own / 100})
      if (step > 0 && step < steps.back()) steps.push_back(step);
    for (std::size_t attempt = 0; attempt < steps.size(); ++attempt) {
      const Numbers all = difference(direction, steps[attempt]);
      bool settled = true;
      for (Entry& entry : entries) {
        Entry tried = entry;
        tried.numeric = of_row(all, entry.row);
        tried.noise = noise(steps[attempt], all, entry.row);
        // A small step's rounding errors may not excuse what a large step has shown to be wrong.
        if (attempt > 0) tried.noise = std::min(tried.noise, 1e-3 * std::abs(tried.numeric));
        const bool converged = attempt > 0 && std::abs(tried.numeric - entry.numeric) <= allowed(tried);
        if (attempt == 0 || excess(tried) < excess(entry)) entry = tried;
        settled = settled && (converged || agree(entry));
      }
      if (settled) return;
    }
  }

  /// Central differences of all elements of the result but those that are not finite to begin with.
  Numbers difference(const Numbers& direction, double step, bool wide = true) {
    Numbers all = detail::central_difference(subject_, direction, step, wide);
    for (std::size_t k = 0; k < all.size(); ++k)
      if (!std::isfinite(values_[k])) all[k] = 0;
    return all;
  }
  double of_row(const Numbers& slopes, std::size_t row) const {
    return weighted_ ? detail::dot(slopes, weights_[0]) : slopes[row];
  }
  /// How far rounding may put a difference off. Of a weighted sum, what the elements that moved may do; where none did,
  /// rounding has swallowed the step, or nothing depends on it.
  double noise(double step, const Numbers& slopes, std::size_t row) const {
    if (!weighted_) return 64 * epsilon * std::abs(values_[row]) / step;
    double moved = 0, all = 0;
    for (std::size_t k = 0; k < slopes.size(); ++k) {
      if (!std::isfinite(values_[k])) continue;
      all += values_[k] * values_[k];
      if (slopes[k] != 0) moved += values_[k] * values_[k];
    }
    return 64 * epsilon * std::sqrt(moved > 0 ? moved : all) / step;
  }
  double allowed(const Entry& e) const {
    return options_.atol + options_.rtol * std::max(std::abs(e.analytic), std::abs(e.numeric)) + e.noise;
  }
  /// How far off, in units of what is allowed; nan counts as infinitely far.
  double excess(const Entry& e) const {
    const double ratio = std::abs(e.analytic - e.numeric) / allowed(e);
    return std::isnan(ratio) ? infinity : ratio;
  }
  bool agree(const Entry& e) const { return excess(e) <= 1; }

  // ---- kinks

  /// The slopes of one row to both sides, the widest step first. As many as rounding leaves something of.
  struct Sides {
    std::vector<double> left, right, noise;
    double size(std::size_t k) const { return std::max(std::abs(left[k]), std::abs(right[k])); }
  };

  void look_to_both_sides(const Numbers& direction, std::size_t column, std::vector<Entry>& entries) {
    // A pole or a kink at 0 is as near as the element is to 0.
    const double x = std::abs(subject_.point()[column]);
    const double near = x == 0 ? 1 : std::min(1.0, 100 * x);
    constexpr double widths[] = {1e-4, 1e-5, 1e-6, 1e-7};
    std::vector<detail::Slopes> slopes;
    for (const double width : widths)
      slopes.push_back(detail::one_sided_differences(subject_, direction, width * near));
    for (Entry& entry : entries) {
      if (agree(entry)) continue;
      Sides sides;
      for (std::size_t k = 0; k < slopes.size(); ++k) {
        sides.left.push_back(of_row(slopes[k].left, entry.row));
        sides.right.push_back(of_row(slopes[k].right, entry.row));
        sides.noise.push_back(noise(widths[k] * near, slopes[k].right, entry.row));
        if (k > 1 && sides.noise[k] > 1e-3 * sides.size(k) + options_.atol) break;
      }
      if (smooth_to_both_sides(entry, sides)) entry.numeric = entry.analytic;
      else judge_kink(entry, column, sides);
    }
  }

  /// Both one-sided slopes are the derivative: only the curvature jumps, which central differences do not take.
  bool smooth_to_both_sides(const Entry& entry, const Sides& sides) const {
    for (std::size_t k = 0; k < sides.left.size(); ++k) {
      const double rounding = std::min(sides.noise[k], 10 * options_.rtol * sides.size(k));
      if (agree({entry.row, entry.analytic, sides.left[k], rounding}) &&
          agree({entry.row, entry.analytic, sides.right[k], rounding}))
        return true;
    }
    return false;
  }

  /// At a kink the slopes are the same two at every step, at a jump they grow as steps shrink; what is only steep does
  /// neither for long.
  void judge_kink(Entry& entry, std::size_t column, const Sides& sides) {
    const std::size_t last = sides.left.size() - 1;
    const double left = sides.left[last], right = sides.right[last], size = sides.size(last);
    const double slack = options_.atol + 1e-4 * size + sides.noise[last];
    bool kink = std::abs(right - left) > 10 * slack, jump = size > 10 * slack;
    for (std::size_t k = 1; k <= last; ++k) {
      const double change =
          std::max(std::abs(sides.left[k] - sides.left[k - 1]), std::abs(sides.right[k] - sides.right[k - 1]));
      kink = kink && change <= 0.05 * std::abs(right - left) + slack;
      jump = jump && sides.size(k) > 5 * sides.size(k - 1);
    }
    if (!kink && !jump) return;
    const double step = sizes_[column];
    // + 0.0: no -0 in a report
    findings_.note_kink({subject_.number(subject_.unknown_of(column)), subject_.element_of(column), left / step + 0.0,
                         right / step + 0.0, entry.analytic / step});
    const bool between =
        entry.analytic >= std::min(left, right) - slack && entry.analytic <= std::max(left, right) + slack;
    if (between || (jump && std::isfinite(entry.analytic))) entry.numeric = entry.analytic;
    else kinked_column_ = column;
  }

  void note(const Entry& e) {
    const double difference = std::abs(e.analytic - e.numeric);
    if (report_.ok && difference > options_.atol)
      report_.relative_error =
          std::max(report_.relative_error, difference / std::max(std::abs(e.analytic), std::abs(e.numeric)));
  }
  void count(const Entry& e, std::size_t column) {
    const std::size_t unknown = subject_.unknown_of(column);
    ++checked_[unknown];
    if (agree(e)) return note(e);
    ++differing_[unknown];
    if (!report_.ok && excess(e) <= worst_excess_) return;
    worst_excess_ = excess(e);
    worst_column_ = column;
    worst_row_ = e.row;
    findings_.fail(column == kinked_column_ ? Cause::kink : Cause::other, subject_.number(unknown),
                   subject_.element_of(column), e.analytic / sizes_[column], e.numeric / sizes_[column]);
  }
  void describe_worst() {
    Numbers direction(sizes_.size());
    direction[worst_column_] = 1;
    const Numbers pushed = order_ == 1 ? subject_.push_forward(direction) : Numbers{};
    if (!pushed.empty()) report_.forward = detail::dot(pushed, weights_[worst_row_]);
    std::string counts;
    for (std::size_t k = 0; k < checked_.size(); ++k)
      if (checked_[k] > 0)
        counts += fmt::format("{}{} of {} for {}", counts.empty() ? "" : ", ", differing_[k], checked_[k],
                              findings_.name_of(k));
    findings_.describe(subject_.unknown_of(worst_column_), weighted_ ? nullptr : &outputs_, worst_row_, counts,
                       factor_);
  }

  Subject subject_;
  int order_;
  const std::vector<Tensor>& kept_;
  const GradcheckOptions& options_;
  GradcheckReport& report_;
  detail::Findings findings_;
  Random random_;
  Numbers sizes_;  // what a step of 1 is for each element: as large as it is, but not less than 1
  std::vector<Index> differing_, checked_;  // per unknown
  std::vector<Tensor> outputs_;
  Numbers values_;                       // their elements
  double scale_ = 0;                     // of their largest finite element
  std::vector<Numbers> weights_, rows_;  // rows_[k] is weights_[k]ᵀ J
  Numbers mix_, mixed_;                  // the derivative under a random upstream gradient
  bool weighted_ = false;                // one random row instead of all
  double worst_excess_ = 0, factor_ = 0;
  std::size_t worst_column_ = 0, worst_row_ = 0, kinked_column_ = static_cast<std::size_t>(-1);
};

void refuse_options(const GradcheckOptions& o, std::size_t inputs, Site site) {
  if (o.order != 1 && o.order != 2) detail::fail<ValueError>("gradcheck", site, "order {}, expected 1 or 2", o.order);
  const auto is_number = [](double x) { return x >= 0 && std::isfinite(x); };
  if (!is_number(o.step) || !is_number(o.atol) || !is_number(o.rtol) || o.step == 0)
    detail::fail<ValueError>("gradcheck", site, "step {}, atol {}, rtol {}, expected them positive and finite", o.step,
                             o.atol, o.rtol);
  // What rounding then does to a difference is excused, and that would be any derivative.
  constexpr double least = 1e-10;
  if (o.step < least)
    detail::fail<ValueError>("gradcheck", site, "step {} is lost in rounding errors, expected {} or more", o.step,
                             least);
  if (!o.names.empty() && o.names.size() != inputs)
    detail::fail<ValueError>("gradcheck", site, "{} names for {} inputs", o.names.size(), inputs);
}

}  // namespace

GradcheckReport detail::gradcheck(TensorFunction f, const std::vector<Tensor>& inputs, const GradcheckOptions& options,
                                  Site site) {
  refuse_options(options, inputs.size(), site);
  bool any = false;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined()) fail<ValueError>("gradcheck", site, "input {} is an undefined tensor", i);
    if (!inputs[i].is_leaf()) continue;
    if (inputs[i].dtype() != float64)
      fail<ValueError>("gradcheck", site, "input {} is {}, expected float64", i, describe(inputs[i]));
    any = true;
    for (std::size_t k = 0; k < inputs.size(); ++k)
      if (inputs[k].defined() && !inputs[k].is_leaf() && inputs[k].dtype() == float64 && inputs[k].size() > 0 &&
          inputs[k].data<double>() == inputs[i].data<double>())
        fail<ValueError>("gradcheck", site,
                         "input {} has the elements of variable {}, which change; expected a clone()", k, i);
  }
  if (!any) fail<ValueError>("gradcheck", site, "none of {} inputs is a variable", inputs.size());

  std::vector<Tensor> kept;
  for (const Tensor& x : inputs) kept.push_back(x.clone());
  const Tensor y = no_grad([&] { return f(inputs); });
  if (!y.defined() || y.dtype() != float64)
    fail<ValueError>("gradcheck", site, "the result is {}, expected float64", describe(y));
  GradcheckReport report;
  for (int order = 1; order <= options.order; ++order) {
    Tensor upstream;
    if (order == 2) {
      Random random(options.seed);
      upstream = variable(from_vector(random_numbers(random, static_cast<std::size_t>(y.size())), y.shape()));
    }
    if (!Check({f, inputs, y.shape(), upstream}, order, kept, options, report).run()) return report;
  }
  report.text =
      fmt::format("gradcheck: ok, {} derivatives agree ({})", report.checked,
                  report.relative_error > 0 ? fmt::format("largest relative error {:.2g}", report.relative_error)
                                            : fmt::format("all within atol {:g}", options.atol));
  if (!report.kinks.empty()) {
    const GradcheckKink& k = report.kinks[0];
    report.text += fmt::format("; {} kink{}, at input {} element {} with slopes {:.6g} and {:.6g}", report.kinks.size(),
                               report.kinks.size() > 1 ? "s, the first" : "", k.input, k.element, k.left, k.right);
  }
  return report;
}

}  // namespace xgrad
