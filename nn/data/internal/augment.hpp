#pragma once
// Private to nn/data: images that are moved and bent.
#include <cstdint>
#include <vector>

#include <xgrad/engine/random.hpp>
#include <xgrad/nn/data/batches.hpp>

namespace xgrad::nn::detail {

class Augmenter {
 public:
  Augmenter(std::int64_t rows, std::int64_t columns, const Augmentation& how);

  /// The image as this draw has it, pixels 0 .. 255; good until the next call.
  const float* operator()(const std::uint8_t* image, Random& random);

 private:
  void draw_field(Random& random, std::vector<double>& field);

  std::int64_t rows_, columns_;
  Augmentation how_;
  std::vector<double> weights_;  // the Gaussian's, from its middle on
  std::vector<double> down_, right_, scratch_;
  std::vector<float> result_;
};

}  // namespace xgrad::nn::detail
