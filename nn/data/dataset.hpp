#pragma once
#include <cstdint>
#include <vector>

#include <xgrad/engine/random.hpp>
#include <xgrad/engine/tensor.hpp>

namespace xgrad::nn {

/// What a network is given, and what it is to answer: of one sample, or of several along a new first axis.
///     auto [x, y] = batch;
struct Batch {
  Tensor input;
  Tensor target;  ///< undefined where there is none
};
using Sample = Batch;

/// Samples that a loader asks for, and in which epoch.
struct Draw {
  const std::int64_t* indices;
  std::int64_t count;
  std::uint64_t seed = 0;
  std::int64_t epoch = 0;

  /// A stream for one sample alone, a pure function of (seed, epoch, index): good for 2^20 numbers.
  Random random(std::int64_t index) const noexcept;
};

/// Any number of samples, each drawn by its index. What a loader with workers reads is read by several threads at once.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual std::int64_t size() const = 0;
  /// Sample `index` of [0, size()).
  virtual Sample get(std::int64_t index) const = 0;
  /// The sample as training sees it: get(index), unless it is to vary by `random`.
  virtual Sample vary(std::int64_t index, Random& random) const;
  /// Several samples, stacked. An error names the sample.
  virtual Batch batch(const Draw& draw) const;

 protected:
  Dataset() = default;
  Dataset(const Dataset&) = default;
  Dataset& operator=(const Dataset&) = default;
};

/// The rows of tensors of one length: sample i is input[i], and target[i] where there is one.
class TensorDataset : public Dataset {
 public:
  /// ShapeError: a tensor without an axis, or two of other lengths.
  explicit TensorDataset(Tensor input, Tensor target = {}, Site site = Site::here());
  std::int64_t size() const override { return input_.shape()[0]; }
  Sample get(std::int64_t index) const override;
  Batch batch(const Draw& draw) const override;

 private:
  Tensor input_, target_;
};

}  // namespace xgrad::nn
