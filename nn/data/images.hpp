#pragma once
#include <cstdint>
#include <vector>

#include <xgrad/engine/site.hpp>

namespace xgrad::nn {

/// Grey images, one byte a pixel (0 is background), each with a class number. Kept as bytes:
/// 60,000 images of 28x28 are 47 MB; ImageDataset turns them into numbers as they are drawn.
struct Images {
  std::int64_t rows = 28;            ///< pixels from top to bottom
  std::int64_t columns = 28;         ///< pixels from left to right
  std::int64_t classes = 10;         ///< labels are 0 .. classes - 1
  std::vector<std::uint8_t> pixels;  ///< size() * rows * columns, image after image, row-major
  std::vector<std::uint8_t> labels;  ///< one for each image

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(labels.size()); }
  std::int64_t image_size() const noexcept { return rows * columns; }
  const std::uint8_t* image(std::int64_t index) const noexcept { return pixels.data() + index * image_size(); }

  /// Keeps the first `count` images (all of them if there are fewer). count < 1 is a ValueError.
  void truncate(std::int64_t count, Site site = Site::here());
};

/// What to learn from, and what to measure on.
struct TrainTest {
  Images train;
  Images test;
};

}  // namespace xgrad::nn
