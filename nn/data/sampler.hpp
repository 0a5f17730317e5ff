#pragma once
#include <cstdint>
#include <vector>

#include <xgrad/engine/random.hpp>

namespace xgrad::nn {

/// Which samples an epoch has, in which order.
class Sampler {
 public:
  virtual ~Sampler() = default;
  /// How many an epoch has.
  virtual std::int64_t size() const = 0;
  /// size() indices to `out`. `random` is a pure function of the loader's seed and the epoch.
  virtual void order(Random& random, std::vector<std::int64_t>& out) const = 0;
};

/// 0 .. count - 1 as they are.
class SequentialSampler : public Sampler {
 public:
  explicit SequentialSampler(std::int64_t count) noexcept : count_(count) {}
  std::int64_t size() const override { return count_; }
  void order(Random& random, std::vector<std::int64_t>& out) const override;

 private:
  std::int64_t count_;
};

/// 0 .. count - 1, each once, in an order in which no place is favoured (Fisher-Yates).
class RandomSampler : public Sampler {
 public:
  explicit RandomSampler(std::int64_t count) noexcept : count_(count) {}
  std::int64_t size() const override { return count_; }
  void order(Random& random, std::vector<std::int64_t>& out) const override;

 private:
  std::int64_t count_;
};

/// Some of the samples, each of `indices` once, in random order, or as they are given.
class SubsetSampler : public Sampler {
 public:
  explicit SubsetSampler(std::vector<std::int64_t> indices, bool shuffle = true)
      : indices_(static_cast<std::vector<std::int64_t>&&>(indices)), shuffle_(shuffle) {}
  std::int64_t size() const override { return static_cast<std::int64_t>(indices_.size()); }
  void order(Random& random, std::vector<std::int64_t>& out) const override;

 private:
  std::vector<std::int64_t> indices_;
  bool shuffle_;
};

/// `count` draws, each of sample i with probability weights[i] / their sum, whatever was drawn before: with
/// replacement.
class WeightedRandomSampler : public Sampler {
 public:
  /// ValueError: a weight that is negative or not finite, none above 0, or count < 1.
  WeightedRandomSampler(const std::vector<double>& weights, std::int64_t count, Site site = Site::here());
  std::int64_t size() const override { return count_; }
  void order(Random& random, std::vector<std::int64_t>& out) const override;

 private:
  std::vector<double> sums_;
  std::int64_t count_;
};

}  // namespace xgrad::nn
