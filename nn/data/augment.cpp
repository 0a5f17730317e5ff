#include <xgrad/nn/data/internal/augment.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace xgrad::nn::detail {

Augmenter::Augmenter(std::int64_t rows, std::int64_t columns, const Augmentation& how)
    : rows_(rows), columns_(columns), how_(how) {
  if (!how.any()) return;
  const auto pixels = static_cast<std::size_t>(rows * columns);
  result_.resize(pixels);
  if (how.elastic == 0) return;
  for (auto* field : {&down_, &right_, &scratch_}) field->resize(pixels);
  double sum = 0;
  for (std::size_t i = 0; i == 0 || static_cast<double>(i) <= 3 * how.smoothness; ++i) {
    const double x = static_cast<double>(i) / std::max(how.smoothness, 1e-9);
    weights_.push_back(std::exp(-x * x / 2));
    sum += (i == 0 ? 1 : 2) * weights_.back();
  }
  for (double& weight : weights_) weight /= sum;
}

// Uniform moves, smoothed along both axes (Simard, Steinkraus, Platt: "Best practices for convolutional neural
// networks", 2003); beyond the edge nothing moves.
void Augmenter::draw_field(Random& random, std::vector<double>& field) {
  for (double& move : field) move = how_.elastic * (2 * random.uniform() - 1);
  const auto smooth = [&](const std::vector<double>& from, std::vector<double>& to, std::int64_t along,
                          std::int64_t step, std::int64_t lines, std::int64_t line_step) {
    const auto reach = std::ssize(weights_) - 1;
    for (std::int64_t line = 0; line < lines; ++line)
      for (std::int64_t i = 0; i < along; ++i) {
        double sum = 0;
        for (std::int64_t k = std::max(i - reach, std::int64_t{0}); k <= std::min(i + reach, along - 1); ++k)
          sum += weights_[static_cast<std::size_t>(std::abs(k - i))] *
                 from[static_cast<std::size_t>(line * line_step + k * step)];
        to[static_cast<std::size_t>(line * line_step + i * step)] = sum;
      }
  };
  smooth(field, scratch_, columns_, 1, rows_, columns_);
  smooth(scratch_, field, rows_, columns_, columns_, 1);
}

const float* Augmenter::operator()(const std::uint8_t* image, Random& random) {
  const auto around_zero = [&](double most) { return most * (2 * random.uniform() - 1); };
  const double angle = around_zero(how_.rotate) * std::numbers::pi / 180;
  const double down = around_zero(how_.shift), right = around_zero(how_.shift);
  const bool bent = how_.elastic != 0;
  if (bent) {
    draw_field(random, down_);
    draw_field(random, right_);
  }
  const double cosine = std::cos(angle), sine = std::sin(angle);
  const double middle_y = static_cast<double>(rows_ - 1) / 2, middle_x = static_cast<double>(columns_ - 1) / 2;
  const auto pixel = [&](double y, double x) -> double {
    if (y < 0 || x < 0 || y >= static_cast<double>(rows_) || x >= static_cast<double>(columns_)) return 0;
    return image[static_cast<std::int64_t>(y) * columns_ + static_cast<std::int64_t>(x)];
  };
  // For each pixel of the result, where in the image it comes from: the moves undone, in reverse order.
  std::size_t at = 0;
  for (std::int64_t row = 0; row < rows_; ++row)
    for (std::int64_t column = 0; column < columns_; ++column, ++at) {
      const double y = static_cast<double>(row) - middle_y - down, x = static_cast<double>(column) - middle_x - right;
      const double from_y = cosine * y - sine * x + middle_y + (bent ? down_[at] : 0);
      const double from_x = sine * y + cosine * x + middle_x + (bent ? right_[at] : 0);
      const double top = std::floor(from_y), left = std::floor(from_x), v = from_y - top, u = from_x - left;
      result_[at] = static_cast<float>((1 - v) * ((1 - u) * pixel(top, left) + u * pixel(top, left + 1)) +
                                       v * ((1 - u) * pixel(top + 1, left) + u * pixel(top + 1, left + 1)));
    }
  return result_.data();
}

}  // namespace xgrad::nn::detail
