#include <xgrad/nn/metrics.hpp>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/tape.hpp>
#include <xgrad/ops/argmax.hpp>
#include <xgrad/ops/equal.hpp>
#include <xgrad/ops/sum.hpp>

namespace xgrad::nn {

std::int64_t count_correct(const Tensor& scores, const Tensor& labels, Site site) {
  const NoGrad guard;
  const detail::SiteScope scope("accuracy", site);
  const bool one_hot = labels.rank() == 2;
  if (scores.rank() != 2 || labels.rank() < 1 || labels.rank() > 2 || labels.shape()[0] != scores.shape()[0] ||
      (one_hot && labels.shape() != scores.shape()))
    detail::fail<ShapeError>("accuracy", site,
                             "scores are (n, classes), labels (n,) or (n, classes): they are {} and {}",
                             to_string(scores.shape()), to_string(labels.shape()));
  const Tensor hits = equal(argmax(scores, 1), one_hot ? argmax(labels, 1) : labels);
  return static_cast<std::int64_t>(sum(hits).item());
}

double accuracy(const Tensor& scores, const Tensor& labels, Site site) {
  const std::int64_t correct = count_correct(scores, labels, site);
  if (scores.shape()[0] == 0) detail::fail<ValueError>("accuracy", site, "there are no rows to score");
  return static_cast<double>(correct) / static_cast<double>(scores.shape()[0]);
}

}  // namespace xgrad::nn
