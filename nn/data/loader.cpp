#include <xgrad/nn/data/loader.hpp>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/tape.hpp>
#include <xgrad/nn/data/internal/rethrow.hpp>

namespace xgrad::nn {

using xgrad::detail::fail;

namespace {

// Kept apart from the streams that programs draw weights or noise from with the same seed.
constexpr std::uint64_t shuffle_stream = 0x73687566ull << 32;  // "shuf", then the epoch
constexpr std::int64_t last_epoch = 0xffff'ffff;               // for which that has room

void check_epoch(const char* op, std::int64_t epoch, Site site) {
  if (epoch < 0) fail<ValueError>(op, site, "the epoch is {}, expected at least 0", epoch);
  if (epoch > last_epoch) fail<ValueError>(op, site, "the epoch is {}, expected at most {}", epoch, last_epoch);
}

constexpr std::int64_t ahead_of_each = 2;  // batches that are drawn before they are due, for each worker

}  // namespace

struct DataLoader::Impl {
  const Dataset& dataset;
  LoaderOptions options;
  SequentialSampler in_order;
  RandomSampler in_disorder;
  const Sampler* sampler;
  std::int64_t samples, count;
  LoaderState position;

  std::int64_t ordered = -1;  // the epoch that `order` belongs to
  std::vector<std::int64_t> order;

  /// A batch that a worker has drawn, or what came of it.
  struct Slot {
    bool done = false;
    Batch batch;
    std::exception_ptr error;
  };
  std::mutex mutex;  // of all that follows
  std::condition_variable work, done;
  std::vector<Slot> slots;                     // batch b is in slot b modulo their number
  std::int64_t epoch = -1, next = 0, due = 0;  // being drawn: the next to draw, the next to hand out
  int busy = 0;                                // workers that are drawing
  bool stop = false;
  std::vector<std::thread> threads;

  Impl(const Dataset& set, const LoaderOptions& chosen)
      : dataset(set), options(chosen), in_order(set.size()), in_disorder(set.size()) {
    sampler = options.sampler ? options.sampler : options.shuffle ? static_cast<Sampler*>(&in_disorder) : &in_order;
    samples = sampler->size();
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    work.notify_all();
    for (std::thread& thread : threads) thread.join();
  }

  void make_order(std::int64_t wanted) {
    if (ordered == wanted) return;
    ordered = -1;
    Random random(options.seed, shuffle_stream + static_cast<std::uint64_t>(wanted));
    sampler->order(random, order);
    const auto wrong =
        std::find_if(order.begin(), order.end(), [&](std::int64_t i) { return i < 0 || i >= in_order.size(); });
    if (wrong != order.end())
      fail<ValueError>("DataLoader", Site::here(), "the sampler gave sample {}, expected 0 to {}", *wrong,
                       in_order.size() - 1);
    if (static_cast<std::int64_t>(order.size()) != samples)
      fail<ValueError>("DataLoader", Site::here(), "the sampler gave {} samples, expected {}", order.size(), samples);
    ordered = wanted;
  }

  Batch make(std::int64_t wanted_epoch, std::int64_t index) const {
    NoGrad guard;
    const std::int64_t first = index * options.batch_size, n = std::min(options.batch_size, samples - first);
    try {
      return dataset.batch({order.data() + first, n, options.seed, wanted_epoch});
    } catch (...) {
      detail::rethrow(fmt::format("DataLoader: epoch {}, batch {}", wanted_epoch, index));
    }
  }

  void worker() {
    std::unique_lock lock(mutex);
    for (;;) {
      work.wait(lock, [&] { return stop || next < std::min<std::int64_t>(count, due + std::ssize(slots)); });
      if (stop) return;
      const std::int64_t index = next++, of = epoch;
      ++busy;
      lock.unlock();
      Slot result{true, {}, nullptr};
      try {
        result.batch = make(of, index);
      } catch (...) {
        result.error = std::current_exception();
      }
      lock.lock();
      slots[static_cast<std::size_t>(index % std::ssize(slots))] = std::move(result);
      --busy;
      done.notify_all();
    }
  }

  /// Has the workers draw from batch `index` of an epoch on.
  void start(std::unique_lock<std::mutex>& lock, std::int64_t wanted_epoch, std::int64_t index) {
    next = count;  // nobody begins another
    done.wait(lock, [&] { return busy == 0; });
    epoch = -1;
    make_order(wanted_epoch);
    slots.assign(static_cast<std::size_t>(options.workers * ahead_of_each), {});
    epoch = wanted_epoch;
    due = next = index;
    while (std::ssize(threads) < options.workers) threads.emplace_back([this] { worker(); });
    work.notify_all();
  }

  Batch take(std::int64_t wanted_epoch, std::int64_t index) {
    if (options.workers == 0) {
      make_order(wanted_epoch);
      return make(wanted_epoch, index);
    }
    std::unique_lock lock(mutex);
    if (epoch != wanted_epoch || due != index) start(lock, wanted_epoch, index);
    Slot& slot = slots[static_cast<std::size_t>(index % std::ssize(slots))];
    done.wait(lock, [&] { return slot.done; });
    const Slot result = std::exchange(slot, {});
    ++due;
    work.notify_all();
    lock.unlock();
    if (result.error) std::rethrow_exception(result.error);
    return result.batch;
  }
};

DataLoader::DataLoader(const Dataset& dataset, const LoaderOptions& options, Site site)
    : impl_(new Impl(dataset, options)) {
  const auto check = [&] {
    const char* op = "DataLoader";
    const std::int64_t samples = impl_->samples, size = options.batch_size;
    if (size < 1) fail<ValueError>(op, site, "batch_size is {}, expected at least 1", size);
    if (samples < 1) fail<ValueError>(op, site, "there are no samples");
    if (options.drop_last && samples < size)
      fail<ValueError>(op, site, "drop_last leaves nothing: {} samples, batch_size {}", samples, size);
    if (options.sampler && options.shuffle) fail<ValueError>(op, site, "a sampler and shuffle: expected one of them");
    if (options.workers < 0 || options.workers > 64)
      fail<ValueError>(op, site, "workers is {}, expected 0 to 64", options.workers);
    impl_->count = samples / size + (!options.drop_last && samples % size != 0);
    impl_->position.seed = options.seed;
    impl_->order.reserve(static_cast<std::size_t>(samples));
  };
  try {
    check();
  } catch (...) {
    delete impl_;
    throw;
  }
}

DataLoader::~DataLoader() { delete impl_; }

std::int64_t DataLoader::count() const noexcept { return impl_->count; }
std::int64_t DataLoader::batch_size() const noexcept { return impl_->options.batch_size; }

DataLoader::Epoch DataLoader::epoch(std::int64_t epoch, Site site) & {
  check_epoch("epoch", epoch, site);
  return {this, epoch};
}

DataLoader::Iterator DataLoader::begin() { return {this, impl_->position.epoch, impl_->position.batch}; }
DataLoader::Iterator DataLoader::end() { return {this, impl_->position.epoch, impl_->count}; }

Batch DataLoader::at(std::int64_t epoch, std::int64_t index, Site site) {
  check_epoch("at", epoch, site);
  if (index < 0 || index >= count())
    fail<ValueError>("at", site, "the batch is {}, expected 0 to {}", index, count() - 1);
  return impl_->take(epoch, index);
}

Batch DataLoader::Iterator::operator*() const {
  Batch batch = loader_->at(epoch_, index_);
  const bool last = index_ + 1 == loader_->count();
  loader_->impl_->position.epoch = epoch_ + last;
  loader_->impl_->position.batch = last ? 0 : index_ + 1;
  return batch;
}

LoaderState DataLoader::state() const noexcept { return impl_->position; }

void DataLoader::load_state(const LoaderState& state, Site site) {
  check_epoch("load_state", state.epoch, site);
  if (state.batch < 0 || state.batch >= count())
    fail<ValueError>("load_state", site, "batch {} of epoch {}, but an epoch has {} batches", state.batch, state.epoch,
                     count());
  if (state.seed != impl_->options.seed) {  // what is being drawn belongs to another seed
    std::unique_lock lock(impl_->mutex);
    impl_->next = impl_->count;
    impl_->done.wait(lock, [&] { return impl_->busy == 0; });
    impl_->epoch = impl_->ordered = -1;
    impl_->options.seed = state.seed;
  }
  impl_->position = state;
}

}  // namespace xgrad::nn
