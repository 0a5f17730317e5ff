#include "show.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <xgrad/xgrad.hpp>

namespace xgrad::examples {

std::string numbers(const Tensor& x) {
  const std::string text = to_string(x);
  return text.substr(0, text.rfind(fmt::format(" {} (", name_of(x.dtype()))));
}

std::string picture(const Tensor& image) {
  static constexpr const char* shades[] = {" ", "░", "▒", "▓", "█"};
  const std::vector<double> light = to(image, float64).to_vector<double>();
  const std::int64_t rows = image.shape()[0], columns = image.shape()[1];
  std::string text;
  for (std::int64_t row = 0; row < rows; row += 2) {
    for (std::int64_t column = 0; column < columns; ++column) {
      const std::size_t here = static_cast<std::size_t>(row * columns + column);
      const double below = row + 1 < rows ? light[here + static_cast<std::size_t>(columns)] : light[here];
      const double mean = (light[here] + below) / 2;
      text += shades[static_cast<int>(4 * std::clamp(mean, 0.0, 1.0) + 0.5)];
    }
    while (text.ends_with(' ')) text.pop_back();
    text += '\n';
  }
  return text;
}

}  // namespace xgrad::examples
