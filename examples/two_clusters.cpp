// Which of two clouds does a point belong to? Small sigmoid and ReLU networks, shallow and deep, trained with half the
// squared error, one point at a time; their losses and what they decide, as pictures.
#include <cmath>

#include <fmt/format.h>

#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "common/program.hpp"
#include "two_clusters/drawing.hpp"

namespace {

using namespace xgrad;
using namespace two_clusters;

struct Options {
  std::uint64_t seed = 1;
  std::int64_t points = 1000, epochs = 16;
  std::string folder;
};

/// Half of the points around (-1, -1), half around (1, 1), each coordinate with a deviation of 0.5.
Cloud two_clouds(std::int64_t count, Random& random) {
  Tensor x = normal(random, {count, 2}, 0, 0.5);
  Tensor is_right = to(arange(count) >= static_cast<double>(count / 2), float32);
  return {x + reshape(2 * is_right - 1, {count, 1}), reshape(is_right, {count, 1})};
}

/// A network by its activation and the widths of its hidden layers.
struct Recipe {
  const char* name;
  bool relu;
  std::vector<std::int64_t> hidden;
  double lr;
};

nn::Sequential make(const Recipe& recipe, Random& random) {
  nn::Sequential net;
  std::int64_t width = 2;
  const auto layer = [&](std::int64_t units, nn::Init init) {
    net.append(nn::Linear(width, units, random, {.init = init}));
    width = units;
  };
  for (const std::int64_t units : recipe.hidden) {
    if (recipe.relu) {
      layer(units, [](Tensor& w, Random& r) { nn::he_normal_(w, r); });
      net.append(nn::ReLU());
    } else {
      layer(units, [](Tensor& w, Random& r) { nn::xavier_normal_(w, r); });
      net.append(nn::Sigmoid());
    }
  }
  layer(1, [](Tensor& w, Random& r) { nn::xavier_normal_(w, r); });
  net.append(nn::Sigmoid());
  return net;
}

Tensor half_squared_error(const Tensor& y, const Tensor& t) { return 0.5 * sum(square(y - t)); }

/// The mean loss of each epoch, as it was learned from.
std::vector<double> train(nn::Sequential& net, const Cloud& cloud, double lr, std::int64_t epochs, Random& random) {
  nn::SGD optimizer(net.parameters(), {.lr = lr});
  const std::int64_t count = cloud.points.shape()[0];
  std::vector<double> losses;
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
    const std::vector<std::int64_t> order = permutation(random, count).to_vector<std::int64_t>();
    double total = 0;
    for (const std::int64_t i : order) {
      Tape tape;
      const Tensor loss =
          half_squared_error(net(slice(cloud.points, {{i, i + 1}})), slice(cloud.classes, {{i, i + 1}}));
      loss.backward();
      optimizer.step();
      optimizer.zero_grad();
      total += loss.item();
    }
    losses.push_back(total / static_cast<double>(count));
  }
  return losses;
}

double accuracy(nn::Sequential& net, const Cloud& cloud) {
  return mean(to(equal(net(cloud.points) > 0.5, cloud.classes > 0.5), float64)).item();
}

void study(const Options& options) {
  static const Recipe recipes[] = {{"sigmoid, shallow", false, {4}, 0.1},
                                   {"sigmoid, deep", false, {4, 4, 4}, 0.3},
                                   {"ReLU, shallow", true, {4}, 0.02},
                                   {"ReLU, deep", true, {4, 4, 4}, 0.02}};
  Random random(options.seed);
  const Cloud cloud = two_clouds(options.points, random);
  std::vector<Curve> curves;
  std::vector<Region> regions;
  for (const Recipe& recipe : recipes) {
    Random weights(options.seed, 1), order(options.seed, 2);
    nn::Sequential net = make(recipe, weights);
    const std::vector<double> losses = train(net, cloud, recipe.lr, options.epochs, order);
    fmt::print("{}: {} parameters\n", recipe.name, net.parameter_count());
    for (std::size_t epoch = 0; epoch < losses.size(); ++epoch)
      fmt::print("  epoch {:2} loss {:.4f}\n", epoch + 1, losses[epoch]);
    fmt::print("  accuracy {:.3f}\n", accuracy(net, cloud));
    curves.push_back({recipe.name, losses});
    regions.push_back({recipe.name, sample(net)});
  }
  if (options.folder.empty()) return;
  write_svg(options.folder + "/losses.svg", draw_losses(curves));
  write_svg(options.folder + "/regions.svg", draw_regions(regions, cloud));
  fmt::print("drawn: {0}/losses.svg and {0}/regions.svg\n", options.folder);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Two clouds of points told apart by small networks.", "two_clusters");
  Options options;
  examples::add_number<std::uint64_t>(app, "--seed", options.seed, 0, UINT64_MAX, "from 0 to 2^64 - 1",
                                      "Of points and weights [1]");
  examples::add_number<std::int64_t>(app, "--points", options.points, 2, 1'000'000, "from 2 to 10^6", "[1000]");
  examples::add_number<std::int64_t>(app, "--epochs", options.epochs, 1, 100'000, "from 1 to 10^5",
                                     "Passes over the points [16]");
  examples::add_file(app, "--svg", options.folder, "DIR", "Draw losses.svg and regions.svg into DIR");
  return examples::run(app, argc, argv, [&] { study(options); });
}
