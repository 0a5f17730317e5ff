#include "drawing.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

namespace two_clusters {

using namespace xgrad;

namespace {

constexpr double reach = 4;  // the square goes from -reach to reach both ways
constexpr std::int64_t side = 80;
constexpr const char* colors[] = {"#1f77b4", "#17becf", "#d62728", "#ff7f0e"};

std::string document(double width, double height, const std::string& content) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n{2}</svg>\n",
      width, height, content);
}

std::string text(double x, double y, const char* anchor, const std::string& words, const char* color = "black") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" fill=\"{}\">{}</text>\n", x, y, anchor, color,
                     words);
}

/// Between blue for 0 and orange for 1, by way of white, in sixteen steps.
std::string color_of(double value) {
  const double away = std::round(16 * std::abs(std::clamp(value, 0.0, 1.0) - 0.5)) / 8;
  const auto mix = [&](int end) { return static_cast<int>(std::lround(255 + away * (end - 255))); };
  return value < 0.5 ? fmt::format("rgb({},{},{})", mix(120), mix(170), mix(220))
                     : fmt::format("rgb({},{},{})", mix(250), mix(180), mix(110));
}

}  // namespace

Tensor sample(nn::Sequential& net) {
  const Tensor middle = (arange(side, float64) + 0.5) * (2 * reach / side) - reach;
  const Tensor x = broadcast_to(reshape(middle, {1, side}), {side, side});
  const Tensor y = broadcast_to(reshape(-middle, {side, 1}), {side, side});
  const Tensor grid = stack({reshape(x, {side * side}), reshape(y, {side * side})}, 1);
  return reshape(net(to(grid, float32)), {side, side});
}

std::string draw_losses(const std::vector<Curve>& curves) {
  constexpr double left = 60, top = 20, width = 480, height = 280;
  double low = HUGE_VAL, high = 0;
  std::size_t epochs = 1;
  for (const Curve& curve : curves) {
    epochs = std::max(epochs, curve.losses.size());
    for (const double loss : curve.losses) {
      low = std::min(low, std::max(loss, 1e-12));
      high = std::max(high, loss);
    }
  }
  const double bottom = std::floor(std::log10(low)), decades = std::max(1.0, std::ceil(std::log10(high)) - bottom);
  const auto x = [&](std::size_t epoch) {
    return left + width * static_cast<double>(epoch) / static_cast<double>(std::max<std::size_t>(epochs - 1, 1));
  };
  const auto y = [&](double loss) {
    return top + height * (1 - (std::log10(std::max(loss, 1e-12)) - bottom) / decades);
  };
  std::string content;
  for (double decade = 0; decade <= decades; ++decade) {
    const double value = std::pow(10, bottom + decade);
    content += fmt::format("<line x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" stroke=\"#ddd\"/>\n", left,
                           left + width, y(value));
    content += text(left - 6, y(value) + 4, "end", fmt::format("{:g}", value));
  }
  for (std::size_t i = 0; i < curves.size(); ++i) {
    std::string points;
    for (std::size_t epoch = 0; epoch < curves[i].losses.size(); ++epoch)
      points += fmt::format("{:.1f},{:.1f} ", x(epoch), y(curves[i].losses[epoch]));
    const char* const color = colors[i % std::size(colors)];
    content += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n", points, color);
    content += text(left + width - 4, top + 16 + 16 * static_cast<double>(i), "end", curves[i].name, color);
  }
  content += text(left, top + height + 18, "middle", "1") +
             text(left + width, top + height + 18, "middle", fmt::format("{}", epochs)) +
             text(left + width / 2, top + height + 34, "middle", "epoch (mean loss, half squared error)");
  return document(left + width + 20, top + height + 45, content);
}

std::string draw_regions(const std::vector<Region>& regions, const Cloud& cloud) {
  constexpr double size = 240, gap = 20, cell = size / side;
  const std::vector<float> points = cloud.points.to_vector<float>(), classes = cloud.classes.to_vector<float>();
  std::string content;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    const double left = gap + static_cast<double>(i) * (size + gap), top = 30;
    const std::vector<float> values = regions[i].values.to_vector<float>();
    content += text(left + size / 2, top - 10, "middle", regions[i].name);
    std::map<std::string, std::string> cells;  // by colour: strokes along the rows
    for (std::int64_t row = 0; row < side; ++row)
      for (std::int64_t column = 0, end; column < side; column = end) {
        const auto color = [&](std::int64_t c) { return color_of(values[static_cast<std::size_t>(row * side + c)]); };
        for (end = column + 1; end < side && color(end) == color(column);) ++end;
        cells[color(column)] +=
            fmt::format("M{:g} {:g}h{:g}", left + static_cast<double>(column) * cell,
                        top + (static_cast<double>(row) + 0.5) * cell, static_cast<double>(end - column) * cell);
      }
    for (const auto& [color, strokes] : cells)
      content += fmt::format("<path d=\"{}\" stroke=\"{}\" stroke-width=\"{:g}\"/>\n", strokes, color, cell + 0.2);
    std::string dots[2];
    for (std::size_t p = 0; p < classes.size(); ++p) {
      const double x = points[2 * p], y = points[2 * p + 1];
      if (std::abs(x) > reach || std::abs(y) > reach) continue;
      dots[classes[p] > 0.5F] += fmt::format("M{:.1f} {:.1f}h0", left + (x + reach) / (2 * reach) * size,
                                             top + (reach - y) / (2 * reach) * size);
    }
    for (const int label : {0, 1})
      content += fmt::format("<path d=\"{}\" stroke=\"{}\" stroke-width=\"2.4\" stroke-linecap=\"round\"/>\n",
                             dots[label], label == 1 ? "#a04000" : "#1b4f72");
  }
  return document(gap + static_cast<double>(regions.size()) * (size + gap), size + 50, content);
}

void write_svg(const std::string& path, const std::string& svg) {
  nn::FileWriter file(path);
  file.write(svg);
  file.commit();
}

}  // namespace two_clusters
