#pragma once
#include <string>
#include <vector>

#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

namespace two_clusters {

/// Points (N, 2) and the class of each, 0 or 1, (N, 1).
struct Cloud {
  xgrad::Tensor points, classes;
};

struct Curve {
  std::string name;
  std::vector<double> losses;  // one for each epoch
};

/// What a network says on a grid over the square that the points lie in: numbers 0 .. 1, (side, side), first row at the
/// top.
struct Region {
  std::string name;
  xgrad::Tensor values;
};
xgrad::Tensor sample(xgrad::nn::Sequential& net);

/// Losses over epochs, on a logarithmic scale.
std::string draw_losses(const std::vector<Curve>& curves);
/// The regions side by side with the points in them.
std::string draw_regions(const std::vector<Region>& regions, const Cloud& cloud);
void write_svg(const std::string& path, const std::string& svg);

}  // namespace two_clusters
