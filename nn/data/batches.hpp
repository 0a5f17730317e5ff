#pragma once
#include <cstdint>

#include <xgrad/nn/data/images.hpp>
#include <xgrad/nn/data/loader.hpp>

namespace xgrad::nn {

/// How a pixel x in 0 .. 255 becomes a number.
enum class Scaling : std::uint8_t {
  none,   ///< x
  unit,   ///< x / 255: 0 .. 1
  inset,  ///< x / 255 * 0.99 + 0.01: 0.01 .. 1, no input is ever 0
};

/// How far images are moved and bent while they are drawn, each time anew. All 0: not at all.
struct Augmentation {
  double shift = 0;       ///< up to so many pixels each way
  double rotate = 0;      ///< up to so many degrees either way
  double elastic = 0;     ///< elastic distortion: the field of random moves, smoothed, times this many pixels
  double smoothness = 4;  ///< of that field: the Gaussian's standard deviation in pixels

  bool any() const noexcept { return shift != 0 || rotate != 0 || elastic != 0; }
};

/// What the tensors of images look like, and for Batches in which order they come.
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
  Augmentation augment = {};  ///< bilinear, what comes from outside is background
  int workers = 0;            ///< threads that draw batches ahead; results do not depend on it
};

/// Images as samples of images and labels. Pixels are converted straight into a pooled tensor: with batches of these, a
/// loop makes no heap call once it is warm. get() is never augmented. The images must stay where and as they are.
class ImageDataset : public Dataset {
 public:
  /// ValueError: no images, a label >= classes, pixels and labels that do not fit together, an augmentation that is
  /// negative or not finite. DTypeError: options.dtype is not a floating type.
  explicit ImageDataset(const Images& images, const BatchOptions& options = {}, Site site = Site::here());
  explicit ImageDataset(Images&&, const BatchOptions& = {}, Site = Site::here()) = delete;
  std::int64_t size() const override { return images_->size(); }
  Sample get(std::int64_t index) const override;
  Batch batch(const Draw& draw) const override;

 private:
  template <class T> Batch make(const Draw& draw, bool augmented) const;

  const Images* images_;
  BatchOptions options_;
};

/// A loader of images: `for (auto [images, labels] : batches.epoch(e))`.
class Batches : private ImageDataset, public DataLoader {
 public:
  Batches(const Images& images, std::int64_t batch_size, const BatchOptions& options = {}, Site site = Site::here());
  Batches(Images&&, std::int64_t, const BatchOptions& = {}, Site = Site::here()) = delete;
};

/// All images as one batch, in their own order; `seed`, `shuffle`, `drop_last` and `augment` mean nothing here.
Batch to_tensors(const Images& images, const BatchOptions& options = {}, Site site = Site::here());

}  // namespace xgrad::nn
