#include <xgrad/nn/data/batches.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/nn/data/internal/augment.hpp>

namespace xgrad::nn {

namespace {

using xgrad::detail::fail;

void check(const Images& images, const BatchOptions& options, Site site) {
  const char* op = "ImageDataset";
  if (images.size() == 0) fail<ValueError>(op, site, "there are no images");
  const std::int64_t pixels = std::ssize(images.pixels);
  if (images.rows < 1 || images.columns < 1 || images.rows > pixels / images.columns || pixels % images.size() != 0 ||
      pixels / images.size() != images.image_size())
    fail<ValueError>(op, site, "{} pixels are not {} images of {}x{}", pixels, images.size(), images.rows,
                     images.columns);
  const auto wrong = std::find_if(images.labels.begin(), images.labels.end(),
                                  [&](std::uint8_t label) { return label >= images.classes; });
  if (wrong != images.labels.end())
    fail<ValueError>(op, site, "label {} is {}, expected 0 to {}", wrong - images.labels.begin(), int{*wrong},
                     images.classes - 1);
  if (!is_floating(options.dtype))
    fail<DTypeError>(op, site, "images cannot be {}, expected float32 or float64", name_of(options.dtype));
  const Augmentation& a = options.augment;
  for (const double value : {a.shift, a.rotate, a.elastic, a.smoothness})
    if (!(value >= 0) || !std::isfinite(value))
      fail<ValueError>(op, site, "an augmentation is {}, expected finite and not negative", value);
  if (a.smoothness > 1000) fail<ValueError>(op, site, "smoothness is {}, expected at most 1000", a.smoothness);
}

// A division, not a product with 1/255: only so is x / 255 the nearest number for all 256 x.
template <class From, class T> void convert(const From* from, std::int64_t count, Scaling scaling, T* to) {
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

ImageDataset::ImageDataset(const Images& images, const BatchOptions& options, Site site)
    : images_(&images), options_(options) {
  check(images, options, site);
}

Batch ImageDataset::batch(const Draw& draw) const {
  const bool augmented = options_.augment.any();
  return options_.dtype == float32 ? make<float>(draw, augmented) : make<double>(draw, augmented);
}

Sample ImageDataset::get(std::int64_t index) const {
  const Draw draw{&index, 1};
  auto [image, label] = options_.dtype == float32 ? make<float>(draw, false) : make<double>(draw, false);
  // Without the axis of samples.
  const auto row = [](const Tensor& t) {
    const Shape shape(t.shape().begin() + 1, t.rank() - 1);
    if (t.dtype() == float32) return from_data(t.data<float>(), shape);
    return t.dtype() == float64 ? from_data(t.data<double>(), shape) : from_data(t.data<std::int64_t>(), shape);
  };
  return {row(image), row(label)};
}

template <class T> Batch ImageDataset::make(const Draw& draw, bool augmented) const {
  const Images& set = *images_;
  const std::int64_t pixels = set.image_size(), classes = set.classes, n = draw.count;
  Batch batch;
  batch.input = empty(options_.flatten ? Shape{n, pixels} : Shape{n, 1, set.rows, set.columns}, options_.dtype);
  T* image = batch.input.mutable_data<T>();
  detail::Augmenter augmenter(set.rows, set.columns, options_.augment);
  // Images come in random order, which the processor cannot foresee: 12 us a batch of 100 instead of 30.
  constexpr std::int64_t ahead = 4;
  for (std::int64_t i = 0; i < n; ++i) {
    if (ahead < n - i) prefetch(set.image(draw.indices[i + ahead]), pixels);
    const std::uint8_t* const from = set.image(draw.indices[i]);
    if (augmented) {
      Random random = draw.random(draw.indices[i]);
      convert(augmenter(from, random), pixels, options_.scaling, image + i * pixels);
    } else {
      convert(from, pixels, options_.scaling, image + i * pixels);
    }
  }
  const auto label = [&](std::int64_t i) { return set.labels[static_cast<std::size_t>(draw.indices[i])]; };
  if (options_.one_hot) {
    batch.target = full({n, classes}, options_.off, options_.dtype);
    T* target = batch.target.mutable_data<T>();
    for (std::int64_t i = 0; i < n; ++i) target[i * classes + label(i)] = static_cast<T>(options_.on);
  } else {
    batch.target = empty({n}, int64);
    std::int64_t* target = batch.target.mutable_data<std::int64_t>();
    for (std::int64_t i = 0; i < n; ++i) target[i] = label(i);
  }
  return batch;
}

Batches::Batches(const Images& images, std::int64_t batch_size, const BatchOptions& options, Site site)
    : ImageDataset(images, options, site),
      DataLoader(static_cast<const ImageDataset&>(*this),
                 {.batch_size = batch_size,
                  .shuffle = options.shuffle,
                  .drop_last = options.drop_last,
                  .seed = options.seed,
                  .workers = options.workers},
                 site) {}

Batch to_tensors(const Images& images, const BatchOptions& options, Site site) {
  BatchOptions plain = options;
  plain.augment = {};
  std::vector<std::int64_t> all(images.labels.size());
  std::iota(all.begin(), all.end(), std::int64_t{0});
  return ImageDataset(images, plain, site).batch({all.data(), std::ssize(all)});
}

}  // namespace xgrad::nn
