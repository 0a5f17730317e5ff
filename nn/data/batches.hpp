#pragma once
#include <cstdint>
#include <vector>

#include <xgrad/engine/tensor.hpp>
#include <xgrad/nn/data/dataset.hpp>

namespace xgrad::nn {

/// How a pixel x in 0 .. 255 becomes a number.
enum class Scaling : std::uint8_t {
  none,   ///< x
  unit,   ///< x / 255: 0 .. 1
  inset,  ///< x / 255 * 0.99 + 0.01: 0.01 .. 1, no input is ever 0
};

/// What the tensors of a batch look like, and in which order samples come.
struct BatchOptions {
  std::uint64_t seed = 0;
  bool shuffle = true;
  bool drop_last = false;  ///< leaves out a last batch that is short
  Scaling scaling = Scaling::unit;
  bool flatten = true;    ///< images (n, rows * columns); else (n, 1, rows, columns)
  DType dtype = float32;  ///< of images and one-hot labels: float32 or float64
  bool one_hot = false;   ///< labels (n, classes) of `on` and `off`; else int64 (n,)
  double on = 1;
  double off = 0;
};

/// One batch: `auto [images, labels] = batch;`
struct Batch {
  Tensor images;
  Tensor labels;
};

/// Cuts a dataset into mini-batches: `for (auto [images, labels] : batches.epoch(e))`.
/// The order of epoch e is a pure function of (seed, e, dataset.size()): a run can be resumed anywhere. Each sample
/// comes once an epoch. Pixels are converted straight into a pooled tensor, so a loop makes no heap call
/// once it is warm, and every batch has elements of its own. The dataset must stay as it is while this
/// object is used, by one thread at a time.
class Batches {
 public:
  class Epoch;
  /// ValueError: batch_size < 1, an empty dataset (or less than one batch with drop_last), a label >= classes,
  /// pixels and labels that do not fit together. DTypeError: options.dtype is not a floating type.
  Batches(const Dataset& dataset, std::int64_t batch_size, const BatchOptions& options = {}, Site site = Site::here());
  Batches(Dataset&&, std::int64_t, const BatchOptions& = {}, Site = Site::here()) = delete;

  /// Batches in one epoch.
  std::int64_t count() const noexcept;
  std::int64_t batch_size() const noexcept { return batch_size_; }
  /// The batches of one epoch, in order. ValueError: epoch < 0.
  Epoch epoch(std::int64_t epoch, Site site = Site::here()) &;
  /// Batch `index` of epoch `epoch`. ValueError: epoch < 0, or an index that is not in [0, count()).
  Batch at(std::int64_t epoch, std::int64_t index, Site site = Site::here());

 private:
  void order(std::int64_t epoch);
  template <class T> Batch draw(std::int64_t first, std::int64_t n) const;

  const Dataset* dataset_;
  std::int64_t batch_size_;
  BatchOptions options_;
  std::int64_t ordered_ = -1;         // the epoch that order_ belongs to
  std::vector<std::uint32_t> order_;  // indices of samples
};

/// A range over the batches of one epoch; each is drawn when it is dereferenced.
class Batches::Epoch {
 public:
  class Iterator {
   public:
    Iterator(Batches* batches, std::int64_t epoch, std::int64_t index) noexcept
        : batches_(batches), epoch_(epoch), index_(index) {}
    Batch operator*() const { return batches_->at(epoch_, index_); }
    Iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    bool operator==(const Iterator& other) const noexcept { return index_ == other.index_; }

   private:
    Batches* batches_;
    std::int64_t epoch_;
    std::int64_t index_;
  };
  Epoch(Batches* batches, std::int64_t epoch) noexcept : batches_(batches), epoch_(epoch) {}
  Iterator begin() const noexcept { return {batches_, epoch_, 0}; }
  Iterator end() const noexcept { return {batches_, epoch_, batches_->count()}; }

 private:
  Batches* batches_;
  std::int64_t epoch_;
};

/// A whole dataset as one batch, in its own order; `seed`, `shuffle` and `drop_last` mean nothing here.
Batch to_tensors(const Dataset& dataset, const BatchOptions& options = {}, Site site = Site::here());

}  // namespace xgrad::nn
