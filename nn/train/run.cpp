#include <algorithm>
#include <cmath>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/tape.hpp>
#include <xgrad/nn/train/internal/run.hpp>
#include <xgrad/ops/all.hpp>
#include <xgrad/ops/argmin.hpp>
#include <xgrad/ops/isfinite.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/to.hpp>

namespace xgrad::nn::detail {
namespace {

constexpr const char* kept = "trainer";
constexpr std::size_t most_points = 512;

/// Two points become one, at the place of the second.
void halve(std::vector<double>& values, bool mean) {
  for (std::size_t i = 0; 2 * i + 1 < values.size(); ++i)
    values[i] = mean ? (values[2 * i] + values[2 * i + 1]) / 2 : values[2 * i + 1];
  values.resize(values.size() / 2);
}

}  // namespace

std::vector<double>& series(std::vector<Series>& history, const char* name) {
  const auto found = std::find_if(history.begin(), history.end(), [&](const Series& s) { return s.name == name; });
  if (found != history.end()) return found->values;
  std::vector<double>& values = history.emplace_back(Series{name, {}}).values;
  values.reserve(most_points);  // steps go without a heap call
  return values;
}

void Run::add_to_curve(std::vector<Series>& history, std::int64_t step, double loss, double rate) {
  bin_sum += loss;
  if (++binned < stride) return;
  series(history, "steps").push_back(static_cast<double>(step));
  series(history, "steps_loss").push_back(bin_sum / static_cast<double>(binned));
  series(history, "steps_lr").push_back(rate);
  binned = 0;
  bin_sum = 0;
  if (series(history, "steps").size() < most_points) return;
  stride *= 2;
  halve(series(history, "steps"), false);
  halve(series(history, "steps_loss"), true);
  halve(series(history, "steps_lr"), false);
}

void Run::save(std::vector<Series>& history) const {
  const auto number = [](std::int64_t n) { return static_cast<double>(n); };
  series(history, kept) = {number(batches),
                           loss_sum,
                           number(samples),
                           number(named),
                           number(correct),
                           best,
                           number(best_epoch),
                           number(stride),
                           number(binned),
                           bin_sum,
                           lr};
}

Run Run::load(const std::vector<Series>& history, std::int64_t count, Site site) {
  const auto found = std::find_if(history.begin(), history.end(), [](const Series& s) { return s.name == kept; });
  if (found == history.end()) return {};
  const std::vector<double>& v = found->values;
  const auto refuse = [&] {
    xgrad::detail::fail<ValueError>("Trainer", site, "the history's '{}' does not fit a loader of {} batches", kept,
                                    count);
  };
  if (v.size() != 11) refuse();
  const auto whole = [&](std::size_t i, double least, double most) {
    if (!(v[i] >= least && v[i] <= most && v[i] == std::trunc(v[i]))) refuse();
    return static_cast<std::int64_t>(v[i]);
  };
  constexpr double huge = 0x1p53;
  Run run;
  run.batches = whole(0, 0, static_cast<double>(count));
  run.loss_sum = v[1];
  run.samples = whole(2, 0, huge);
  run.named = whole(3, 0, v[2]);
  run.correct = whole(4, 0, v[3]);
  run.best = v[5];
  run.best_epoch = whole(6, 0, huge);
  run.stride = whole(7, 1, huge);
  run.binned = whole(8, 0, v[7] - 1);
  run.bin_sum = v[9];
  run.lr = v[10];
  return run;
}

std::string not_finite(const Tensor& tensor) {
  const NoGrad guard;
  if (!tensor.defined() || (tensor.dtype() != float32 && tensor.dtype() != float64)) return {};
  const Tensor x = tensor.detach(), fine = isfinite(x);
  if (all(fine).item() != 0) return {};
  const auto first = static_cast<std::int64_t>(argmin(to(reshape(fine, {-1}), float32)).item());
  std::string place;
  std::int64_t rest = first;
  for (int axis = x.rank() - 1; axis >= 0; rest /= x.shape()[axis--])
    place = fmt::format("{}{}{}", rest % x.shape()[axis], place.empty() ? "" : ", ", place);
  return fmt::format("{} at [{}]", unsigned_nan(slice(reshape(x, {-1}), {first}).item()), place);
}

std::string not_finite(const std::vector<NamedTensor>& state) {
  for (const NamedTensor& part : state)
    if (const std::string what = not_finite(part.tensor); !what.empty())
      return fmt::format("{} has {}", part.name, what);
  return {};
}

}  // namespace xgrad::nn::detail
