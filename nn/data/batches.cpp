#include <xgrad/nn/data/batches.hpp>

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/random.hpp>

namespace xgrad::nn {

namespace {

using xgrad::detail::fail;

// Kept apart from the streams that programs draw weights or noise from with the same seed.
constexpr std::uint64_t shuffle_stream = 0x73687566ull << 32;  // "shuf", then the epoch

void check(const Dataset& set, std::int64_t batch_size, const BatchOptions& options, Site site) {
  const char* op = "Batches";
  if (batch_size < 1) fail<ValueError>(op, site, "batch_size is {}, expected at least 1", batch_size);
  if (set.size() == 0) fail<ValueError>(op, site, "the dataset is empty");
  if (set.size() > std::numeric_limits<std::uint32_t>::max())
    fail<ValueError>(op, site, "the dataset has {} images, expected fewer than 2^32", set.size());
  if (options.drop_last && set.size() < batch_size)
    fail<ValueError>(op, site, "drop_last leaves nothing: {} images, batch_size {}", set.size(), batch_size);
  const std::int64_t pixels = std::ssize(set.pixels);
  if (set.rows < 1 || set.columns < 1 || set.rows > pixels / set.columns || pixels % set.size() != 0 ||
      pixels / set.size() != set.image_size())
    fail<ValueError>(op, site, "{} pixels are not {} images of {}x{}", pixels, set.size(), set.rows, set.columns);
  const auto wrong =
      std::find_if(set.labels.begin(), set.labels.end(), [&](std::uint8_t label) { return label >= set.classes; });
  if (wrong != set.labels.end())
    fail<ValueError>(op, site, "label {} is {}, expected 0 to {}", wrong - set.labels.begin(), int{*wrong},
                     set.classes - 1);
  if (!is_floating(options.dtype))
    fail<DTypeError>(op, site, "images cannot be {}, expected float32 or float64", name_of(options.dtype));
}

// A division, not a product with 1/255: only so is x / 255 the nearest number for all 256 x.
template <class T> void convert(const std::uint8_t* from, std::int64_t count, Scaling scaling, T* to) {
  const auto each = [&](auto formula) {
    for (std::int64_t i = 0; i < count; ++i) to[i] = formula(static_cast<T>(from[i]));
  };
  switch (scaling) {
    case Scaling::none: return each([](T x) { return x; });
    case Scaling::unit: return each([](T x) { return x / T(255); });
    case Scaling::inset: return each([](T x) { return x / T(255) * T(0.99) + T(0.01); });
  }
}

void prefetch(const std::uint8_t* from, std::int64_t count) {
  for (std::int64_t i = 0; i < count; i += 64) __builtin_prefetch(from + i);
}

}  // namespace

Batches::Batches(const Dataset& dataset, std::int64_t batch_size, const BatchOptions& options, Site site)
    : dataset_(&dataset), batch_size_(batch_size), options_(options) {
  check(dataset, batch_size, options, site);
  order_.resize(dataset.labels.size());
  std::iota(order_.begin(), order_.end(), std::uint32_t{0});
}

std::int64_t Batches::count() const noexcept {
  const std::int64_t size = dataset_->size();
  return size / batch_size_ + (!options_.drop_last && size % batch_size_ != 0);
}

Batches::Epoch Batches::epoch(std::int64_t epoch, Site site) & {
  if (epoch < 0) fail<ValueError>("epoch", site, "the epoch is {}, expected at least 0", epoch);
  return {this, epoch};
}

Batch Batches::at(std::int64_t epoch, std::int64_t index, Site site) {
  if (epoch < 0) fail<ValueError>("at", site, "the epoch is {}, expected at least 0", epoch);
  if (index < 0 || index >= count())
    fail<ValueError>("at", site, "the batch is {}, expected 0 to {}", index, count() - 1);
  if (options_.shuffle && ordered_ != epoch) order(epoch);
  const std::int64_t first = index * batch_size_, n = std::min(batch_size_, dataset_->size() - first);
  return options_.dtype == float32 ? draw<float>(first, n) : draw<double>(first, n);
}

// Fisher-Yates from the identity, so that no epoch depends on another.
void Batches::order(std::int64_t epoch) {
  Random random(options_.seed, shuffle_stream + static_cast<std::uint64_t>(epoch));
  std::iota(order_.begin(), order_.end(), std::uint32_t{0});
  for (std::size_t i = order_.size(); i > 1; --i)
    std::swap(order_[i - 1], order_[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(i)))]);
  ordered_ = epoch;
}

template <class T> Batch Batches::draw(std::int64_t first, std::int64_t n) const {
  const Dataset& set = *dataset_;
  const std::int64_t pixels = set.image_size(), classes = set.classes;
  const std::uint32_t *chosen = order_.data() + first, *const end = order_.data() + order_.size();
  Batch batch;
  batch.images = empty(options_.flatten ? Shape{n, pixels} : Shape{n, 1, set.rows, set.columns}, options_.dtype);
  T* image = batch.images.mutable_data<T>();
  // Images come in random order, which the processor cannot foresee: 12 us a batch of 100 instead of 30.
  constexpr std::int64_t ahead = 4;
  for (std::int64_t i = 0; i < n; ++i) {
    if (ahead < end - chosen - i) prefetch(set.image(chosen[i + ahead]), pixels);
    convert(set.image(chosen[i]), pixels, options_.scaling, image + i * pixels);
  }
  const auto label = [&](std::int64_t i) { return set.labels[chosen[i]]; };
  if (options_.one_hot) {
    batch.labels = full({n, classes}, options_.off, options_.dtype);
    T* target = batch.labels.mutable_data<T>();
    for (std::int64_t i = 0; i < n; ++i) target[i * classes + label(i)] = static_cast<T>(options_.on);
  } else {
    batch.labels = empty({n}, int64);
    std::int64_t* target = batch.labels.mutable_data<std::int64_t>();
    for (std::int64_t i = 0; i < n; ++i) target[i] = label(i);
  }
  return batch;
}

Batch to_tensors(const Dataset& dataset, const BatchOptions& options, Site site) {
  BatchOptions whole = options;
  whole.shuffle = whole.drop_last = false;
  return Batches(dataset, std::max<std::int64_t>(dataset.size(), 1), whole, site).at(0, 0, site);
}

}  // namespace xgrad::nn
