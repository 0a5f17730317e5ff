#include <xgrad/nn/data/sampler.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <xgrad/engine/internal/fail.hpp>

namespace xgrad::nn {

using xgrad::detail::fail;

namespace {

void shuffle(Random& random, std::vector<std::int64_t>& order) {
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(i)))]);
}

}  // namespace

void SequentialSampler::order(Random&, std::vector<std::int64_t>& out) const {
  out.resize(static_cast<std::size_t>(count_));
  std::iota(out.begin(), out.end(), std::int64_t{0});
}

// From the identity, so that no epoch depends on another.
void RandomSampler::order(Random& random, std::vector<std::int64_t>& out) const {
  out.resize(static_cast<std::size_t>(count_));
  std::iota(out.begin(), out.end(), std::int64_t{0});
  shuffle(random, out);
}

void SubsetSampler::order(Random& random, std::vector<std::int64_t>& out) const {
  out = indices_;
  if (shuffle_) shuffle(random, out);
}

WeightedRandomSampler::WeightedRandomSampler(const std::vector<double>& weights, std::int64_t count, Site site)
    : count_(count) {
  const char* op = "WeightedRandomSampler";
  if (count < 1) fail<ValueError>(op, site, "count is {}, expected at least 1", count);
  double sum = 0;
  for (const double weight : weights) {
    if (!(weight >= 0) || !std::isfinite(sum += weight))
      fail<ValueError>(op, site, "weight {} is {}, expected finite and not negative", sums_.size(), weight);
    sums_.push_back(sum);
  }
  if (!(sum > 0)) fail<ValueError>(op, site, "no weight is above 0");
}

void WeightedRandomSampler::order(Random& random, std::vector<std::int64_t>& out) const {
  out.resize(static_cast<std::size_t>(count_));
  for (std::int64_t& index : out) {
    // The first sum above the draw; rounding can bring a draw up to the last one, past which there is none.
    const auto end = std::lower_bound(sums_.begin(), sums_.end(), sums_.back());
    index = std::min(std::upper_bound(sums_.begin(), end, random.uniform() * sums_.back()), end) - sums_.begin();
  }
}

}  // namespace xgrad::nn
