#include "digit.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <utility>
#include <vector>

#include <xgrad/engine/error.hpp>

namespace mnist {

using xgrad::examples::GreyImage;

namespace {

constexpr int side = 28, box_side = 20;

/// How many there are of each value, from 0 to 255.
using Counts = std::array<std::int64_t, 256>;

Counts border(const GreyImage& image) {
  Counts counts{};
  const auto add = [&](std::int64_t row, std::int64_t column) {
    ++counts[image.pixels[static_cast<std::size_t>(row * image.columns + column)]];
  };
  for (std::int64_t column = 0; column < image.columns; ++column) add(0, column), add(image.rows - 1, column);
  for (std::int64_t row = 0; row < image.rows; ++row) add(row, 0), add(row, image.columns - 1);
  return counts;
}

int median(const Counts& counts) {
  const std::int64_t half = std::accumulate(counts.begin(), counts.end(), std::int64_t{0}) / 2;
  std::size_t value = 0;
  for (std::int64_t seen = counts[0]; seen <= half; seen += counts[value]) ++value;
  return static_cast<int>(value);
}

/// How much darker (or lighter) than the background a pixel is, if it is by more than the border varies.
class Ink {
 public:
  explicit Ink(const GreyImage& image) {
    const Counts counts = border(image);
    paper_ = median(counts);
    Counts distances{};
    for (int value = 0; value < 256; ++value)
      distances[static_cast<std::size_t>(std::abs(value - paper_))] += counts[static_cast<std::size_t>(value)];
    noise_ = 3 * median(distances);
  }
  int operator()(std::uint8_t pixel) const {
    const int ink = paper_ > 127 ? paper_ - pixel : pixel - paper_;
    return ink > noise_ ? ink : 0;
  }

 private:
  int paper_, noise_;
};

/// The smallest part of an image that has all ink in it.
struct Box {
  std::int64_t top, left, rows, columns;
};
Box box_of(const GreyImage& image, const Ink& ink) {
  std::int64_t top = image.rows, bottom = 0, left = image.columns, right = 0;
  const std::uint8_t* pixel = image.pixels.data();
  for (std::int64_t row = 0; row < image.rows; ++row)
    for (std::int64_t column = 0; column < image.columns; ++column)
      if (ink(*pixel++) > 0) {
        top = std::min(top, row), bottom = std::max(bottom, row + 1);
        left = std::min(left, column), right = std::max(right, column + 1);
      }
  if (top >= bottom) throw xgrad::ValueError("there is nothing in it but background");
  return {top, left, bottom - top, right - left};
}

/// A line of `n` numbers made one of `count`, each the mean over the part that it covers.
template <class At> void resample(std::int64_t n, std::int64_t count, const At& at, double* to) {
  const double width = static_cast<double>(n) / static_cast<double>(count);
  for (std::int64_t i = 0; i < count; ++i) {
    const double begin = static_cast<double>(i) * width, end = begin + width;
    to[i] = 0;
    for (auto j = static_cast<std::int64_t>(begin); j < n && static_cast<double>(j) < end; ++j) {
      const double x = static_cast<double>(j);
      to[i] += (std::min(end, x + 1) - std::max(begin, x)) / width * at(j);
    }
  }
}

/// The ink in a box, scaled to box_side along the longer side, as lines of numbers up to 1.
using Lines = std::vector<std::vector<double>>;
Lines scaled(const GreyImage& image, const Ink& ink, const Box& box) {
  const double scale = static_cast<double>(box_side) / static_cast<double>(std::max(box.rows, box.columns));
  const auto of = [&](std::int64_t extent) {
    return std::max<std::int64_t>(1, std::lround(scale * static_cast<double>(extent)));
  };
  const std::int64_t rows = of(box.rows), columns = of(box.columns);
  std::vector<double> wide(static_cast<std::size_t>(box.rows * columns));  // scaled along one axis
  for (std::int64_t row = 0; row < box.rows; ++row) {
    const std::uint8_t* const line = image.pixels.data() + (box.top + row) * image.columns + box.left;
    resample(
        box.columns, columns, [&](std::int64_t j) { return ink(line[j]); }, wide.data() + row * columns);
  }
  Lines small(static_cast<std::size_t>(rows), std::vector<double>(static_cast<std::size_t>(columns)));
  std::vector<double> line(static_cast<std::size_t>(rows));
  double most = 0;
  for (std::size_t column = 0; column < small[0].size(); ++column) {
    const auto at = [&](std::int64_t j) { return wide[static_cast<std::size_t>(j * columns) + column]; };
    resample(box.rows, rows, at, line.data());
    for (std::size_t row = 0; row < line.size(); ++row) most = std::max(most, small[row][column] = line[row]);
  }
  for (auto& row : small)
    for (double& value : row) value /= most;
  return small;
}

/// Where `values` have their centre of mass.
double centre(const std::vector<double>& values) {
  double sum = 0, moment = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += values[i];
    moment += values[i] * (static_cast<double>(i) + 0.5);
  }
  return moment / sum;
}

/// Where the box begins if its centre of mass is to be in the middle.
std::size_t offset(const std::vector<double>& ink) {
  const std::int64_t wanted = std::lround(side / 2.0 - centre(ink)), most = side - std::ssize(ink);
  return static_cast<std::size_t>(std::clamp<std::int64_t>(wanted, 0, most));
}

}  // namespace

Digit as_mnist(const GreyImage& image) {
  const Ink ink(image);
  const Lines small = scaled(image, ink, box_of(image, ink));
  std::vector<double> down(small.size()), right(small[0].size());
  for (std::size_t row = 0; row < down.size(); ++row)
    for (std::size_t column = 0; column < right.size(); ++column) {
      down[row] += small[row][column];
      right[column] += small[row][column];
    }
  const std::size_t top = offset(down), left = offset(right);
  Digit digit{};
  for (std::size_t row = 0; row < down.size(); ++row)
    for (std::size_t column = 0; column < right.size(); ++column)
      digit[(top + row) * side + left + column] = static_cast<std::uint8_t>(std::lround(255 * small[row][column]));
  return digit;
}

}  // namespace mnist
