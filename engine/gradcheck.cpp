// Reverse mode against finite differences. Both orders are one check of a function x -> tensors: of f itself, or of
// (x, u) -> u df/dx, the gradient under a given upstream gradient u.
#include <xgrad/engine/gradcheck.hpp>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/random.hpp>
#include <xgrad/engine/tape.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace xgrad {
namespace {

using Index = std::int64_t;
using Numbers = std::vector<double>;
using Row = std::vector<Numbers>;  // of a Jacobian: for each unknown tensor its elements

Numbers flatten(const std::vector<Tensor>& tensors) {
  Numbers all;
  for (const Tensor& t : tensors) all.insert(all.end(), t.data<double>(), t.data<double>() + t.size());
  return all;
}

double dot(const Numbers& a, const Numbers& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

double largest(const Numbers& numbers) {
  double most = 0;
  for (double x : numbers) most = std::max(most, std::abs(x));
  return most;
}

/// Neither small nor alike, of either sign.
Numbers random_numbers(Random& random, Index n) {
  Numbers numbers;
  for (Index i = 0; i < n; ++i) numbers.push_back((random.bits() & 1 ? 1 : -1) * (0.5 + random.uniform()));
  return numbers;
}

/// `[1, 2]`: where element i of a shape is.
std::string position(const Shape& shape, Index i) {
  std::string text = "]";
  for (int axis = shape.rank(); axis-- > 0; i /= shape[axis])
    text = fmt::format("{}{}{}", axis ? ", " : "", i % shape[axis], text);
  return "[" + text;
}

/// The function under check.
struct Subject {
  detail::TensorFunction f;
  const std::vector<Tensor>& inputs;
  std::vector<Tensor> variables;  // those of the inputs, and which they are
  std::vector<int> numbers;
  Tensor upstream = {};  // order 2: a variable too

  std::vector<Tensor> unknowns() const {
    std::vector<Tensor> all = variables;
    if (upstream.defined()) all.push_back(upstream);
    return all;
  }
  std::vector<Tensor> values() const {
    if (!upstream.defined()) return {no_grad([&] { return f(inputs); })};
    Tape tape;
    return gradients(tape, f(inputs), variables, {.seed = upstream});
  }
  std::vector<Tensor> recorded(Tape& tape) const {
    const Tensor y = f(inputs);
    if (!upstream.defined()) return {y};
    return gradients(tape, y, variables, {.create_graph = true, .seed = upstream});
  }
  /// Zeros where y is a constant.
  static std::vector<Tensor> gradients(Tape& tape, const Tensor& y, const std::vector<Tensor>& xs,
                                       const GradientOptions& options) {
    if (y.requires_grad()) return tape.gradient(y, xs, options);
    std::vector<Tensor> none;
    for (const Tensor& x : xs) none.push_back(zeros(x.shape(), float64));
    return none;
  }
};

class Check {
 public:
  Check(const Subject& subject, int order, const GradcheckOptions& options, GradcheckReport& report)
      : subject_(subject),
        unknowns_(subject.unknowns()),
        order_(order),
        options_(options),
        report_(report),
        random_(options.seed, static_cast<std::uint64_t>(order)) {}

  /// False, and the report says why, where something differs.
  bool run() {
    outputs_ = subject_.values();
    const Numbers values = flatten(outputs_);
    scale_ = largest(values);
    output_size_ = static_cast<Index>(values.size());
    Index unknown_size = 0;
    for (const Tensor& x : unknowns_) unknown_size += x.size();
    differing_.assign(unknowns_.size(), 0);
    checked_.assign(unknowns_.size(), 0);
    const bool full = output_size_ * unknown_size <= options_.full_size;
    std::vector<Numbers> weights;
    for (Index k = 0; k < (full ? output_size_ : 2); ++k) {
      weights.push_back(full ? Numbers(values.size()) : random_numbers(random_, output_size_));
      if (full) weights.back()[static_cast<std::size_t>(k)] = 1;
    }
    std::vector<Row> rows;
    try {
      Tape tape;
      const std::vector<Tensor> recorded = subject_.recorded(tape);
      if (!same_values(values, recorded)) return false;
      for (const Numbers& w : weights) rows.push_back(pull_back(tape, recorded, w));
    } catch (const Error& error) {
      return refused(error.what());
    }
    if (full) check_all(rows);
    else
      for (std::size_t k = 0; k < rows.size(); ++k) check_direction(rows[k], weights[k]);
    if (report_.ok) return true;
    describe_worst();
    return false;
  }
  Index checked() const {
    Index sum = 0;
    for (Index n : checked_) sum += n;
    return sum;
  }

 private:
  /// One derivative of one output, or of a weighted sum of them (output < 0), for one unknown.
  struct Entry {
    std::size_t unknown;
    Index element, output;
    double analytic, numeric, noise;
  };

  bool same_values(const Numbers& plain, const std::vector<Tensor>& recorded) {
    const Numbers on_tape = flatten(recorded);
    if (on_tape.size() != plain.size()) return refused("the result has another shape when recorded");
    for (std::size_t i = 0; i < plain.size(); ++i) {
      const double a = on_tape[i], n = plain[i];
      if (a == n || std::abs(a - n) <= 1e-10 * (1 + scale_) || (std::isnan(a) && std::isnan(n))) continue;
      fail_at(-1, static_cast<Index>(i), a, n);
      report_.text = fmt::format("gradcheck, order {}: element {} of the {} is {} when recorded, {} when not", order_,
                                 i, order_ == 1 ? "result" : "gradient", a, n);
      return false;
    }
    return true;
  }

  /// The weighted sum of the Jacobian's rows, by reverse mode.
  Row pull_back(Tape& tape, const std::vector<Tensor>& recorded, const Numbers& weights) const {
    Row row;
    for (const Tensor& x : unknowns_) row.emplace_back(static_cast<std::size_t>(x.size()));
    const double* from = weights.data();
    for (const Tensor& y : recorded) {
      Tensor seed = empty(y.shape(), float64);
      std::copy_n(from, y.size(), seed.mutable_data<double>());
      from += y.size();
      if (largest(seed.to_vector<double>()) == 0) continue;
      const std::vector<Tensor> part = Subject::gradients(tape, y, unknowns_, {.seed = seed});
      for (std::size_t k = 0; k < part.size(); ++k)
        for (Index i = 0; i < part[k].size(); ++i) row[k][static_cast<std::size_t>(i)] += part[k].data<double>()[i];
    }
    return row;
  }

  void check_all(const std::vector<Row>& rows) {
    for (std::size_t unknown = 0; unknown < unknowns_.size(); ++unknown)
      for (Index element = 0; element < unknowns_[unknown].size(); ++element) {
        const auto i = static_cast<std::size_t>(element);
        Numbers direction = step_sizes(unknown);
        const double size = direction[i];
        direction.assign(direction.size(), 0);
        direction[i] = size;
        std::vector<Entry> entries;
        for (std::size_t k = 0; k < rows.size(); ++k)
          entries.push_back({unknown, element, static_cast<Index>(k), rows[k][unknown][i] * size, 0, 0});
        compare(unknown, direction, {}, entries);
        for (const Entry& entry : entries) count(entry, size);
      }
  }

  /// What a step of 1 is for each element: as large as it is, but not less than 1.
  Numbers step_sizes(std::size_t unknown) const {
    Numbers sizes = unknowns_[unknown].to_vector<double>();
    for (double& x : sizes) x = std::max(1.0, std::abs(x));
    return sizes;
  }

  /// <weights, J direction> both ways, and where they differ the element by halving the direction.
  void check_direction(const Row& row, const Numbers& weights) {
    for (std::size_t unknown = 0; unknown < unknowns_.size(); ++unknown) {
      const Index n = unknowns_[unknown].size();
      const Numbers sizes = step_sizes(unknown);
      Numbers direction = random_numbers(random_, n);
      for (std::size_t i = 0; i < sizes.size(); ++i) direction[i] *= sizes[i];
      const auto part = [&](Index begin, Index end) {
        return compare_part(unknown, row[unknown], weights, direction, begin, end);
      };
      Entry entry = part(0, n);
      double size = 1;
      if (!agree(entry)) {
        Index begin = 0, end = n;
        while (end - begin > 1) {
          const Index middle = begin + (end - begin) / 2;
          const Entry low = part(begin, middle), high = part(middle, end);
          const bool lower = excess(low) >= excess(high);
          entry = lower ? low : high;
          (lower ? end : begin) = middle;
        }
        entry.element = begin;
        size = direction[static_cast<std::size_t>(begin)];
      }
      count(entry, size);
    }
  }

  Entry compare_part(std::size_t unknown, const Numbers& row, const Numbers& weights, const Numbers& direction,
                     Index begin, Index end) {
    Numbers part(direction.size());
    std::copy(direction.begin() + begin, direction.begin() + end, part.begin() + begin);
    std::vector<Entry> entry{{unknown, -1, -1, dot(row, part), 0, 0}};
    compare(unknown, part, weights, entry);
    return entry[0];
  }

  /// Fills in the finite differences along the direction: of each output, or of their weighted sum. A wrong derivative
  /// is wrong at every step; what goes away with a smaller one was curvature, a kink or a pole nearby.
  void compare(std::size_t unknown, const Numbers& direction, const Numbers& weights, std::vector<Entry>& entries) {
    double step = options_.step;
    for (int attempt = 0; attempt < 4; ++attempt, step /= 10) {
      const Numbers all = difference(unknown, direction, step);
      const double total = weights.empty() ? 1 : std::sqrt(static_cast<double>(weights.size()));
      bool settled = true;
      for (Entry& entry : entries) {
        Entry tried = entry;
        tried.numeric = weights.empty() ? all[static_cast<std::size_t>(entry.output)] : dot(all, weights);
        tried.noise = 64 * std::numeric_limits<double>::epsilon() * scale_ * total / step;
        // A small step's rounding errors may not excuse what a large step has shown to be wrong.
        if (attempt > 0) tried.noise = std::min(tried.noise, 1e-3 * std::abs(tried.numeric));
        if (attempt == 0 || excess(tried) < excess(entry)) entry = tried;
        settled = settled && agree(entry);
      }
      if (settled) return;
    }
  }

  /// (8 (f(x + h v) - f(x - h v)) - (f(x + 2 h v) - f(x - 2 h v))) / 12 h, exact for polynomials of degree 4.
  Numbers difference(std::size_t unknown, const Numbers& direction, double step) {
    Tensor& x = unknowns_[unknown];
    const Numbers kept = x.to_vector<double>();
    const auto at = [&](double t) {
      double* to = x.mutable_data<double>();
      for (std::size_t i = 0; i < kept.size(); ++i) to[i] = kept[i] + t * direction[i];
      return flatten(subject_.values());
    };
    struct Restore {
      Tensor& x;
      const Numbers& kept;
      ~Restore() { std::copy(kept.begin(), kept.end(), x.mutable_data<double>()); }
    } restore{x, kept};
    Numbers result = at(step);
    const Numbers minus = at(-step), plus2 = at(2 * step), minus2 = at(-2 * step);
    for (std::size_t i = 0; i < result.size(); ++i)
      result[i] = (8 * (result[i] - minus[i]) - (plus2[i] - minus2[i])) / (12 * step);
    return result;
  }

  /// How far off, in units of what is allowed; nan counts as infinitely far.
  double excess(const Entry& e) const {
    const double allowed =
        options_.atol + options_.rtol * std::max(std::abs(e.analytic), std::abs(e.numeric)) + e.noise;
    const double ratio = std::abs(e.analytic - e.numeric) / allowed;
    return std::isnan(ratio) ? std::numeric_limits<double>::infinity() : ratio;
  }
  bool agree(const Entry& e) const { return excess(e) <= 1; }

  /// The entry is along `size` times the element.
  void count(const Entry& e, double size) {
    ++checked_[e.unknown];
    const double difference = std::abs(e.analytic - e.numeric);
    const double relative = difference / std::max(std::abs(e.analytic), std::abs(e.numeric));
    if (agree(e)) {
      if (report_.ok && difference > options_.atol) report_.relative_error = std::max(report_.relative_error, relative);
      return;
    }
    ++differing_[e.unknown];
    if (!report_.ok && excess(e) <= worst_excess_) return;
    worst_excess_ = excess(e);
    worst_ = e.unknown;
    worst_output_ = e.output;
    fail_at(static_cast<int>(e.unknown), e.element, e.analytic / size, e.numeric / size);
    report_.relative_error = relative;
  }

  /// The index of that unknown among the inputs.
  int number(std::size_t unknown) const {
    return unknown < subject_.numbers.size() ? subject_.numbers[unknown] : static_cast<int>(subject_.inputs.size());
  }
  void fail_at(int unknown, Index element, double analytic, double numeric) {
    report_.ok = false;
    report_.order = order_;
    report_.input = unknown < 0 ? -1 : number(static_cast<std::size_t>(unknown));
    report_.element = element;
    report_.analytic = analytic;
    report_.numeric = numeric;
  }

  /// The derivative threw: for which input?
  bool refused(const char* why) {
    fail_at(-1, -1, 0, 0);
    std::string name = "an input";
    for (std::size_t unknown = 0; unknown < unknowns_.size() && report_.input < 0; ++unknown) try {
        Subject one = subject_;
        if (unknown < one.variables.size()) one.variables = {unknowns_[unknown]};
        Tape tape;
        for (const Tensor& y : one.recorded(tape))
          if (y.requires_grad()) tape.gradient(y, unknowns_[unknown], {.seed = ones(y.shape(), float64)});
      } catch (const Error&) {
        report_.input = number(unknown);
        name = name_of_unknown(unknown);
      }
    report_.text = fmt::format("gradcheck, order {}: the derivative for {} throws: {}", order_, name, why);
    return false;
  }

  std::string name_of_unknown(std::size_t unknown) const {
    if (unknown == subject_.variables.size()) return "the upstream gradient";
    return fmt::format("input {}", number(unknown));
  }
  std::string name_of_output() const {
    if (worst_output_ < 0) return order_ == 1 ? "a weighted sum of the result" : "a weighted sum of the gradient";
    if (order_ == 1) return "result" + position(outputs_[0].shape(), worst_output_);
    Index element = worst_output_;
    std::size_t which = 0;
    while (element >= outputs_[which].size()) element -= outputs_[which++].size();
    return fmt::format("the gradient for {}{}", name_of_unknown(which), position(outputs_[which].shape(), element));
  }
  void describe_worst() {
    std::string counts;
    for (std::size_t k = 0; k < unknowns_.size(); ++k)
      counts += fmt::format("{}{} of {} for {}", k ? ", " : "", differing_[k], checked_[k], name_of_unknown(k));
    report_.text = fmt::format(
        "gradcheck, order {}: the derivative of {} with respect to {}{}, {}, is {:.10g} by reverse mode and {:.10g} by "
        "finite differences (relative error {:.2g}); wrong are {}",
        order_, name_of_output(), name_of_unknown(worst_), position(unknowns_[worst_].shape(), report_.element),
        detail::describe(unknowns_[worst_]), report_.analytic, report_.numeric, report_.relative_error, counts);
  }

  const Subject& subject_;
  std::vector<Tensor> unknowns_, outputs_;
  int order_;
  const GradcheckOptions& options_;
  GradcheckReport& report_;
  Random random_;
  double scale_ = 0, worst_excess_ = 0;
  Index output_size_ = 0, worst_output_ = -1;
  std::size_t worst_ = 0;
  std::vector<Index> differing_, checked_;  // per unknown
};

void refuse_options(const GradcheckOptions& o, Site site) {
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
}

}  // namespace

GradcheckReport detail::gradcheck(TensorFunction f, const std::vector<Tensor>& inputs, const GradcheckOptions& options,
                                  Site site) {
  refuse_options(options, site);
  Subject subject{f, inputs, {}, {}};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined()) fail<ValueError>("gradcheck", site, "input {} is an undefined tensor", i);
    if (!inputs[i].is_leaf()) continue;
    if (inputs[i].dtype() != float64)
      fail<ValueError>("gradcheck", site, "input {} is {}, expected float64", i, describe(inputs[i]));
    subject.variables.push_back(inputs[i]);
    subject.numbers.push_back(static_cast<int>(i));
  }
  if (subject.variables.empty()) fail<ValueError>("gradcheck", site, "none of {} inputs is a variable", inputs.size());

  const Tensor y = subject.values()[0];
  if (!y.defined() || y.dtype() != float64)
    fail<ValueError>("gradcheck", site, "the result is {}, expected float64", describe(y));
  GradcheckReport report;
  Index checked = 0;
  for (int order = 1; order <= options.order; ++order) {
    if (order == 2) {
      Random random(options.seed);
      subject.upstream = variable(from_vector(random_numbers(random, y.size()), y.shape()));
    }
    Check check(subject, order, options, report);
    if (!check.run()) return report;
    checked += check.checked();
  }
  const std::string within = report.relative_error > 0
                                 ? fmt::format("largest relative error {:.2g}", report.relative_error)
                                 : fmt::format("all within atol {:g}", options.atol);
  report.text = fmt::format("gradcheck: ok, {} derivatives agree ({})", checked, within);
  return report;
}

}  // namespace xgrad
