#include <xgrad/nn/metrics.hpp>

#include <algorithm>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/tape.hpp>
#include <xgrad/ops/argmax.hpp>
#include <xgrad/ops/equal.hpp>
#include <xgrad/ops/sum.hpp>
#include <xgrad/ops/topk.hpp>
#include <xgrad/ops/unsqueeze.hpp>

namespace xgrad::nn {
namespace {

void check_shapes(const char* op, const Tensor& scores, const Tensor& labels, Site site) {
  const bool one_hot = labels.rank() == 2;
  if (scores.rank() != 2 || labels.rank() < 1 || labels.rank() > 2 || labels.shape()[0] != scores.shape()[0] ||
      (one_hot && labels.shape() != scores.shape()))
    detail::fail<ShapeError>(op, site, "scores are (n, classes), labels (n,) or (n, classes): they are {} and {}",
                             to_string(scores.shape()), to_string(labels.shape()));
}

/// int64 (n,)
Tensor classes_of(const Tensor& labels) { return labels.rank() == 2 ? argmax(labels, 1) : labels; }

void check_classes(const char* op, const char* what, const std::vector<std::int64_t>& list, std::int64_t classes,
                   Site site) {
  for (std::size_t i = 0; i < list.size(); ++i)
    if (list[i] < 0 || list[i] >= classes)
      detail::fail<ValueError>(op, site, "{}[{}] is {}, expected 0 to {}", what, i, list[i], classes - 1);
}

double fraction(const char* op, std::int64_t correct, const Tensor& scores, Site site) {
  if (scores.shape()[0] == 0) detail::fail<ValueError>(op, site, "there are no rows to score");
  return static_cast<double>(correct) / static_cast<double>(scores.shape()[0]);
}

double ratio(double part, double whole) { return whole == 0 ? 0 : part / whole; }

}  // namespace

std::int64_t count_correct(const Tensor& scores, const Tensor& labels, Site site) {
  const NoGrad guard;
  const detail::SiteScope scope("accuracy", site);
  check_shapes("accuracy", scores, labels, site);
  const Tensor hits = equal(argmax(scores, 1), classes_of(labels));
  return static_cast<std::int64_t>(sum(hits).item());
}

double accuracy(const Tensor& scores, const Tensor& labels, Site site) {
  return fraction("accuracy", count_correct(scores, labels, site), scores, site);
}

std::int64_t count_correct_top_k(const Tensor& scores, const Tensor& labels, std::int64_t k, Site site) {
  constexpr const char* op = "top_k_accuracy";
  const NoGrad guard;
  const detail::SiteScope scope(op, site);
  check_shapes(op, scores, labels, site);
  const std::int64_t classes = scores.shape()[1];
  if (k < 1 || k > classes) detail::fail<ValueError>(op, site, "k is {}, expected 1 to {}", k, classes);
  const Tensor actual = classes_of(labels);
  check_classes(op, "labels", actual.to_vector<std::int64_t>(), classes, site);
  const Tensor column = unsqueeze(actual, 1), best = topk(scores, k, 1).indices;
  return static_cast<std::int64_t>(sum(equal(best, column)).item());
}

double top_k_accuracy(const Tensor& scores, const Tensor& labels, std::int64_t k, Site site) {
  return fraction("top_k_accuracy", count_correct_top_k(scores, labels, k, site), scores, site);
}

ConfusionMatrix::ConfusionMatrix(std::int64_t classes, Site site) : classes_(classes) {
  constexpr std::int64_t most = 1 << 15;  // a matrix of 8 GiB
  if (classes < 1 || classes > most)
    detail::fail<ValueError>("ConfusionMatrix", site, "classes is {}, expected 1 to {}", classes, most);
  counts_.resize(static_cast<std::size_t>(classes * classes));
}

void ConfusionMatrix::add(const Tensor& scores, const Tensor& labels, Site site) {
  constexpr const char* op = "ConfusionMatrix";
  const NoGrad guard;
  const detail::SiteScope scope(op, site);
  const bool named = scores.rank() == 1 && labels.rank() == 1 && scores.shape() == labels.shape();
  if (!named) check_shapes(op, scores, labels, site);
  if (!named && scores.shape()[1] != classes_)
    detail::fail<ShapeError>(op, site, "scores are {}, expected {} columns", to_string(scores.shape()), classes_);
  const auto actual = classes_of(labels).to_vector<std::int64_t>();
  const auto predicted = (named ? scores : argmax(scores, 1)).to_vector<std::int64_t>();
  check_classes(op, "labels", actual, classes_, site);
  check_classes(op, "predictions", predicted, classes_, site);
  for (std::size_t i = 0; i < actual.size(); ++i)
    ++counts_[static_cast<std::size_t>(actual[i] * classes_ + predicted[i])];
}

void ConfusionMatrix::clear() noexcept { std::fill(counts_.begin(), counts_.end(), 0); }

std::int64_t ConfusionMatrix::count(std::int64_t actual, std::int64_t predicted, Site site) const {
  check_classes("ConfusionMatrix", "class", {actual, predicted}, classes_, site);
  return counts_[static_cast<std::size_t>(actual * classes_ + predicted)];
}

std::int64_t ConfusionMatrix::total() const noexcept {
  std::int64_t total = 0;
  for (const std::int64_t count : counts_) total += count;
  return total;
}

std::int64_t ConfusionMatrix::support(std::int64_t actual) const {
  std::int64_t total = 0;
  for (std::int64_t c = 0; c < classes_; ++c) total += count(actual, c);
  return total;
}

std::int64_t ConfusionMatrix::predictions(std::int64_t predicted) const {
  std::int64_t total = 0;
  for (std::int64_t c = 0; c < classes_; ++c) total += count(c, predicted);
  return total;
}

Tensor ConfusionMatrix::matrix() const { return from_vector(counts_, {classes_, classes_}); }

double ConfusionMatrix::accuracy() const noexcept {
  std::int64_t correct = 0;
  for (std::int64_t c = 0; c < classes_; ++c) correct += counts_[static_cast<std::size_t>(c * (classes_ + 1))];
  return ratio(static_cast<double>(correct), static_cast<double>(total()));
}

ClassScores ConfusionMatrix::scores(std::int64_t of, Site site) const {
  const auto hits = static_cast<double>(count(of, of, site));
  const std::int64_t actual = support(of);
  const double named = static_cast<double>(predictions(of)), there = static_cast<double>(actual);
  return {ratio(hits, named), ratio(hits, there), ratio(2 * hits, named + there), actual};
}

ClassScores ConfusionMatrix::scores(Averaging averaging) const {
  const double all = accuracy();
  if (averaging == Averaging::micro) return {all, all, all, total()};
  ClassScores mean{0, 0, 0, total()};
  for (std::int64_t c = 0; c < classes_; ++c) {
    const ClassScores one = scores(c);
    const double weight = averaging == Averaging::macro
                              ? 1 / static_cast<double>(classes_)
                              : ratio(static_cast<double>(one.support), static_cast<double>(mean.support));
    mean.precision += weight * one.precision;
    mean.recall += weight * one.recall;
    mean.f1 += weight * one.f1;
  }
  return mean;
}

std::string to_string(const ConfusionMatrix& matrix, const std::vector<std::string>& names) {
  std::string text = fmt::format("{:>16} {:>9} {:>9} {:>9} {:>9}\n", "", "precision", "recall", "f1", "support");
  const auto line = [&](const std::string& name, const ClassScores& s) {
    text += fmt::format("{:>16} {:>9.4f} {:>9.4f} {:>9.4f} {:>9}\n", name, s.precision, s.recall, s.f1, s.support);
  };
  for (std::int64_t c = 0; c < matrix.classes(); ++c)
    line(c < std::ssize(names) ? names[static_cast<std::size_t>(c)] : std::to_string(c), matrix.scores(c));
  text += fmt::format("{:>16} {:>29.4f} {:>9}\n", "accuracy", matrix.accuracy(), matrix.total());
  line("macro mean", matrix.scores(Averaging::macro));
  line("weighted mean", matrix.scores(Averaging::weighted));
  return text;
}

}  // namespace xgrad::nn
