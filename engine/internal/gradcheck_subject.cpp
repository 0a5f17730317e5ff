#include <xgrad/engine/internal/gradcheck.hpp>

#include <xgrad/engine/internal/fail.hpp>

#include <algorithm>
#include <cstring>

namespace xgrad::detail {
namespace {

/// Zeros where y is a constant.
std::vector<Tensor> gradients(Tape& tape, const Tensor& y, const std::vector<Tensor>& xs,
                              const GradientOptions& options) {
  if (y.requires_grad()) return tape.gradient(y, xs, options);
  std::vector<Tensor> none;
  for (const Tensor& x : xs) none.push_back(zeros(x.shape(), float64));
  return none;
}

bool same_elements(const Tensor& a, const Tensor& b) {
  const auto same = [&]<class T>(T) {
    return std::memcmp(a.data<T>(), b.data<T>(), static_cast<std::size_t>(a.size()) * sizeof(T)) == 0;
  };
  switch (a.dtype()) {
    case float32: return same(float{});
    case float64: return same(double{});
    case int64: return same(std::int64_t{});
    default: return same(bool{});
  }
}

}  // namespace

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

Subject::Subject(TensorFunction f, const std::vector<Tensor>& inputs, const Shape& result, const Tensor& upstream)
    : f_(f), inputs_(inputs), result_(result), upstream_(upstream), offsets_{0} {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].is_leaf()) continue;
    // A variable that stands for several inputs is one unknown.
    const auto same = [&](const Tensor& x) { return x.data<double>() == inputs[i].data<double>() && x.size() > 0; };
    if (std::any_of(variables_.begin(), variables_.end(), same)) continue;
    variables_.push_back(inputs[i]);
    numbers_.push_back(static_cast<int>(i));
  }
  unknowns_ = variables_;
  if (upstream_.defined()) unknowns_.push_back(upstream_);
  for (const Tensor& x : unknowns_) offsets_.push_back(offsets_.back() + static_cast<std::size_t>(x.size()));
}

std::size_t Subject::unknown_of(std::size_t column) const {
  return static_cast<std::size_t>(std::upper_bound(offsets_.begin(), offsets_.end(), column) - offsets_.begin() - 1);
}
std::int64_t Subject::element_of(std::size_t column) const {
  return static_cast<std::int64_t>(column - first_column(unknown_of(column)));
}

int Subject::number(std::size_t unknown) const {
  return unknown < numbers_.size() ? numbers_[unknown] : static_cast<int>(inputs_.size());
}

Tensor Subject::evaluate() const {
  Tensor y = f_(inputs_);
  if (!y.defined() || y.dtype() != float64 || y.shape() != result_)
    throw ResultChanged{fmt::format("the result is {}, and was float64 {} before", describe(y), to_string(result_))};
  return y;
}

std::vector<Tensor> Subject::values() const {
  if (!upstream_.defined()) return {no_grad([&] { return evaluate(); })};
  Tape tape;
  return gradients(tape, evaluate(), variables_, {.seed = upstream_});
}

std::vector<Tensor> Subject::recorded(Tape& tape) const { return recorded(tape, variables_.size()); }

std::vector<Tensor> Subject::recorded(Tape& tape, std::size_t unknown) const {
  const Tensor y = evaluate();
  if (!upstream_.defined()) return {y};
  const std::vector<Tensor> one(1, unknown < variables_.size() ? variables_[unknown] : upstream_);
  return gradients(tape, y, unknown < variables_.size() ? one : variables_, {.create_graph = true, .seed = upstream_});
}

Numbers Subject::pull_back(Tape& tape, const std::vector<Tensor>& recorded, const Numbers& weights) const {
  Numbers row(columns());
  const double* from = weights.data();
  for (const Tensor& y : recorded) {
    const Tensor seed = from_data(from, y.shape());
    const bool none = std::all_of(from, from + y.size(), [](double w) { return w == 0; });
    from += y.size();
    if (none) continue;
    const Numbers part = flatten(gradients(tape, y, unknowns_, {.seed = seed}));
    for (std::size_t i = 0; i < row.size(); ++i) row[i] += part[i];
  }
  return row;
}

Numbers Subject::push_forward(const Numbers& direction) const {
  try {
    Tape tape;
    const Tensor y = evaluate();
    const Tensor u = variable(ones(y.shape(), float64));
    Numbers result(static_cast<std::size_t>(y.size()));
    const std::vector<Tensor> pulled = gradients(tape, y, unknowns_, {.create_graph = true, .seed = u});
    for (std::size_t k = 0; k < pulled.size(); ++k) {
      const Tensor v = from_data(direction.data() + offsets_[k], unknowns_[k].shape());
      const Numbers part = flatten(gradients(tape, pulled[k], {u}, {.seed = v}));
      for (std::size_t i = 0; i < result.size(); ++i) result[i] += part[i];
    }
    return result;
  } catch (const Error&) {
    return {};
  }
}

Numbers Subject::point() const { return flatten(unknowns_); }

void Subject::move(const Numbers& point) {
  for (std::size_t k = 0; k < unknowns_.size(); ++k)
    std::copy_n(point.data() + offsets_[k], unknowns_[k].size(), unknowns_[k].mutable_data<double>());
}

int Subject::put_back(const std::vector<Tensor>& kept) const {
  int changed = -1;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (same_elements(inputs_[i], kept[i])) continue;
    Tensor(inputs_[i]).assign(kept[i]);
    if (changed < 0) changed = static_cast<int>(i);
  }
  return changed;
}

}  // namespace xgrad::detail
