#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include <xgrad/nn/train/internal/markup.hpp>

namespace xgrad::nn::detail {
namespace {

constexpr double left = 64, top = 34, width = 430, height = 210;
constexpr const char* colors[] = {"#1f77b4", "#d95f02", "#2a8f4d", "#8456b0"};

/// What an axis covers, from one round number to another, in steps that are round and not below `least`.
struct Axis {
  double low, high, step;

  Axis(double from, double to, int parts, double least) {
    if (!(from <= to)) from = 0, to = 1;
    if (from == to) {
      const double room = from == 0 ? 1 : std::abs(from) * 0.1;
      from -= room;
      to += room;
    }
    const double rough = std::max((to - from) / parts, least), power = std::pow(10, std::floor(std::log10(rough)));
    step = power * (rough <= power ? 1 : rough <= 2 * power ? 2 : rough <= 5 * power ? 5 : 10);
    low = std::floor(from / step + 1e-9) * step;
    high = std::ceil(to / step - 1e-9) * step;
  }
  double part(double value) const { return (value - low) / (high - low); }
  int count() const { return static_cast<int>(std::lround((high - low) / step)); }
  /// A tick; 0 is not -1e-17.
  double at(int i) const {
    const double value = low + i * step;
    return std::abs(value) < 1e-9 * step ? 0 : value;
  }
};

/// Over the finite values of all curves.
Axis axis_of(const std::vector<Curve>& curves, std::vector<double> Curve::*values, int parts, double least) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const Curve& curve : curves)
    for (const double value : curve.*values)
      if (std::isfinite(value)) {
        low = std::min(low, value);
        high = std::max(high, value);
      }
  return {low, high, parts, least};
}

std::string text(double x, double y, const char* anchor, std::string_view words, const char* color = "#333") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" fill=\"{}\">{}</text>\n", x, y, anchor, color,
                     escaped(words));
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else if (c == '\'') out += "&#39;";
    else if ((c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == 0x7f) out += "\xef\xbf\xbd";  // what is no text
    else out += c;
  }
  return out;
}

std::string to_svg(const std::string& title, const std::string& x_name, const std::vector<Curve>& curves) {
  const Axis across = axis_of(curves, &Curve::x, 6, 1), up = axis_of(curves, &Curve::y, 5, 1e-12);
  const auto x = [&](double value) { return left + width * across.part(value); };
  const auto y = [&](double value) { return top + height * (1 - up.part(value)); };
  std::string out = fmt::format(
      "<svg class=\"chart\" role=\"img\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n<title>{2}</title>\n",
      left + width + 24, top + height + 46, escaped(title));
  for (int i = 0; i <= up.count(); ++i) {
    out += fmt::format("<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#ddd\"/>\n", left,
                       left + width, y(up.at(i)), y(up.at(i)));
    out += text(left - 8, y(up.at(i)) + 4, "end", fmt::format("{:g}", up.at(i)));
  }
  for (int i = 0; i <= across.count(); ++i)
    out += text(x(across.at(i)), top + height + 18, "middle", fmt::format("{:g}", across.at(i)));
  out += text(left + width / 2, top + height + 38, "middle", x_name);
  double name_end = left + width;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const Curve& curve = curves[i];
    const char* const color = colors[i % std::size(colors)];
    std::string points;
    for (std::size_t p = 0; p < curve.x.size() && p < curve.y.size(); ++p)
      if (std::isfinite(curve.x[p]) && std::isfinite(curve.y[p])) {
        points += fmt::format("{:.1f},{:.1f} ", x(curve.x[p]), y(curve.y[p]));
        if (curve.x.size() <= 60)
          out += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\" fill=\"{}\"><title>{:g}</title></circle>\n",
                             x(curve.x[p]), y(curve.y[p]), color, curve.y[p]);
      }
    out += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\"/>\n", points, color);
    out += text(name_end, top - 12, "end", curve.name, color);
    name_end -= 8 * static_cast<double>(curve.name.size()) + 16;
  }
  return out + text(left, top - 12, "start", title) + "</svg>\n";
}

}  // namespace xgrad::nn::detail
