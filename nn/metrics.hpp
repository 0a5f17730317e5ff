#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <xgrad/engine/tensor.hpp>

// How well scores name classes. `scores` are (n, classes); `labels` int64 (n,), or one-hot (n, classes), of which the
// largest counts. What adds up over batches gives what all of them together would.
namespace xgrad::nn {

/// How many rows of `scores` are largest where `labels` say.
std::int64_t count_correct(const Tensor& scores, const Tensor& labels, Site site = Site::here());
/// The same as a fraction of n. ValueError: n is 0.
double accuracy(const Tensor& scores, const Tensor& labels, Site site = Site::here());

/// How many rows have the label's score among their k largest; of equal scores the first ones. ValueError: k is not in
/// 1 .. classes, or a label not a class.
std::int64_t count_correct_top_k(const Tensor& scores, const Tensor& labels, std::int64_t k, Site site = Site::here());
double top_k_accuracy(const Tensor& scores, const Tensor& labels, std::int64_t k, Site site = Site::here());

/// A class by itself, or the mean of several. 0 where the denominator is, as in scikit-learn.
struct ClassScores {
  double precision = 0;      ///< of what was named so, the part that is so
  double recall = 0;         ///< of what is so, the part that was named so
  double f1 = 0;             ///< their harmonic mean
  std::int64_t support = 0;  ///< how many are so
};
enum class Averaging : std::uint8_t {
  macro,     ///< each class counts the same
  weighted,  ///< each class counts by its support
  micro      ///< each sample counts the same: all three are the accuracy
};

/// Which class was taken for which, and the figures that follow, as scikit-learn defines them for labels 0 ..
/// classes-1.
///     nn::ConfusionMatrix matrix(10);
///     for (auto [x, labels] : test) matrix.add(net(x), labels);
class ConfusionMatrix {
 public:
  /// ValueError: less than 1 class.
  explicit ConfusionMatrix(std::int64_t classes, Site site = Site::here());
  /// `scores` (n, classes), or the predicted classes themselves, int64 (n,). ValueError: a label or prediction that is
  /// not a class; nothing is added then.
  void add(const Tensor& scores, const Tensor& labels, Site site = Site::here());
  void clear() noexcept;

  std::int64_t classes() const noexcept { return classes_; }
  /// How many of class `actual` were taken for `predicted`.
  std::int64_t count(std::int64_t actual, std::int64_t predicted, Site site = Site::here()) const;
  /// All of them, and those of one row, of one column.
  std::int64_t total() const noexcept;
  std::int64_t support(std::int64_t actual) const;
  std::int64_t predictions(std::int64_t predicted) const;
  /// int64 (classes, classes): rows are actual, columns predicted classes.
  Tensor matrix() const;

  double accuracy() const noexcept;
  ClassScores scores(std::int64_t of, Site site = Site::here()) const;
  ClassScores scores(Averaging averaging = Averaging::macro) const;

 private:
  std::int64_t classes_;
  std::vector<std::int64_t> counts_;
};
/// The figures as a table: a line for each class, accuracy and means below. Names for 0, 1, ... or none.
std::string to_string(const ConfusionMatrix& matrix, const std::vector<std::string>& names = {});

}  // namespace xgrad::nn
