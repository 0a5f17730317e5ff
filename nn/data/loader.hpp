#pragma once
#include <cstdint>

#include <xgrad/nn/data/dataset.hpp>
#include <xgrad/nn/data/sampler.hpp>

namespace xgrad::nn {

/// How a loader cuts a dataset into batches.
struct LoaderOptions {
  std::int64_t batch_size = 1;
  bool shuffle = false;
  bool drop_last = false;  ///< leaves out a last batch that is short
  std::uint64_t seed = 0;
  const Sampler* sampler = nullptr;  ///< instead of shuffle; it stays as long as the loader
  int workers = 0;                   ///< threads that draw batches ahead; results do not depend on it
};

/// Where a loader is: what a checkpoint keeps. `batch` is the next to come.
struct LoaderState {
  std::uint64_t seed = 0;
  std::int64_t epoch = 0;
  std::int64_t batch = 0;
};

/// Cuts a dataset into batches: `for (auto [x, y] : loader.epoch(e))`, or `for (auto [x, y] : loader)` for the epoch in
/// which the loader is, from where it is.
/// What epoch e brings, and in which order, is a pure function of (seed, e, dataset), for any number of workers: a run
/// can be resumed anywhere. An error while a sample is drawn reaches the caller when its batch is due, as the same
/// type, with epoch, batch and sample named. The dataset must stay as it is while this object is used, by one thread at
/// a time.
class DataLoader {
 public:
  class Epoch;
  class Iterator;
  /// ValueError: batch_size < 1, no samples (or less than one batch with drop_last), a sampler and shuffle, workers not
  /// in 0 .. 64.
  DataLoader(const Dataset& dataset, const LoaderOptions& options = {}, Site site = Site::here());
  DataLoader(const Dataset&&, const LoaderOptions& = {}, Site = Site::here()) = delete;
  ~DataLoader();
  DataLoader(const DataLoader&) = delete;
  DataLoader& operator=(const DataLoader&) = delete;

  /// Batches in one epoch.
  std::int64_t count() const noexcept;
  std::int64_t batch_size() const noexcept;
  /// The batches of one epoch, in order. ValueError: an epoch not in [0, 2^32).
  Epoch epoch(std::int64_t epoch, Site site = Site::here()) &;
  /// The batches of the present epoch that are still to come; the next loop has the next epoch.
  Iterator begin();
  Iterator end();
  /// Batch `index` of epoch `epoch`, which leaves the loader where it is. ValueError: an epoch not in [0, 2^32), or
  /// an index not in [0, count()).
  Batch at(std::int64_t epoch, std::int64_t index, Site site = Site::here());

  /// Where it is: inside of a loop, behind the batch at hand.
  LoaderState state() const noexcept;
  /// ValueError: an epoch not in [0, 2^32), or a batch not in [0, count()).
  void load_state(const LoaderState& state, Site site = Site::here());

 private:
  struct Impl;
  Impl* impl_;
};

/// Each batch is drawn when it is dereferenced.
class DataLoader::Iterator {
 public:
  Iterator(DataLoader* loader, std::int64_t epoch, std::int64_t index) noexcept
      : loader_(loader), epoch_(epoch), index_(index) {}
  Batch operator*() const;
  Iterator& operator++() noexcept {
    ++index_;
    return *this;
  }
  bool operator==(const Iterator& other) const noexcept { return index_ == other.index_; }

 private:
  DataLoader* loader_;
  std::int64_t epoch_;
  std::int64_t index_;
};

/// A range over the batches of one epoch.
class DataLoader::Epoch {
 public:
  Epoch(DataLoader* loader, std::int64_t epoch) noexcept : loader_(loader), epoch_(epoch) {}
  Iterator begin() const noexcept { return {loader_, epoch_, 0}; }
  Iterator end() const noexcept { return {loader_, epoch_, loader_->count()}; }

 private:
  DataLoader* loader_;
  std::int64_t epoch_;
};

}  // namespace xgrad::nn
