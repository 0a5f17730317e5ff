#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace xgrad::nn::detail {

/// Text as HTML and SVG show it: whatever it holds, it is text.
std::string escaped(std::string_view text);

/// A line of a chart.
struct Curve {
  std::string name;
  std::vector<double> x, y;  // as many; x counts something, a y that is not finite is left out
};
/// A chart as an SVG element: axes with round numbers, a line for each curve, their names.
std::string to_svg(const std::string& title, const std::string& x_name, const std::vector<Curve>& curves);

}  // namespace xgrad::nn::detail
