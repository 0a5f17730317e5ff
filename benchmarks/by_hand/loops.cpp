// The limits of W4 and W7.
#include <cmath>

#include "../workload.hpp"

namespace bench {
namespace {

/// A tape of scalars that knows no operation but by its two derivatives.
struct W4 {
  static constexpr std::uint32_t nodes = 1'000'000;
  static constexpr auto part = static_cast<float>(chain_part(nodes));
  double units = nodes;
  struct Node {
    std::uint32_t a, b;
    float da, db;
  };
  std::vector<Node> tape;
  std::vector<float> values, adjoints;
  float y = 0, dx = 0, dw = 0;

  W4() {
    tape.reserve(nodes + 3);
    values.reserve(nodes + 3);
    adjoints.resize(nodes + 3);
  }
  std::uint32_t add(Node node, float value) {
    tape.push_back(node);
    values.push_back(value);
    return static_cast<std::uint32_t>(values.size() - 1);
  }
  void step() {
    tape.clear();
    values.clear();
    const std::uint32_t x = add({}, 1 - part), w = add({}, part);
    std::uint32_t last = add({}, 1);
    for (std::uint32_t i = 0; i < nodes / 2; ++i) {
      last = add({last, x, values[x], values[last]}, values[last] * values[x]);
      last = add({last, w, 1, 1}, values[last] + values[w]);
    }
    std::fill(adjoints.begin(), adjoints.end(), 0.0f);
    adjoints[last] = 1;
    for (std::uint32_t i = last; i > 2; --i) {
      const Node& node = tape[i];
      adjoints[node.a] += adjoints[i] * node.da;
      adjoints[node.b] += adjoints[i] * node.db;
    }
    y = values[last], dx = adjoints[x], dw = adjoints[w];
  }
  std::vector<double> check() { return step(), std::vector<double>{y, double{dx} / nodes, double{dw} / nodes}; }
};

/// Value and gradients in one pass.
struct W7 {
  std::vector<float> a, b, c, da, db, dc;
  float y = 0;
  explicit W7(std::size_t n)
      : a(numbers(1, n, -1, 1)), b(numbers(2, n, -1, 1)), c(numbers(3, n, -1, 1)), da(n), db(n), dc(n) {}

  static float pass(std::size_t n, const float* __restrict a, const float* __restrict b, const float* __restrict c,
                    float* __restrict da, float* __restrict db, float* __restrict dc) {
    float sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const float s = 1 / (1 + std::exp(-(a[i] * b[i] + c[i]))), g = s * (1 - s);
      sum += s;
      da[i] = g * b[i];
      db[i] = g * a[i];
      dc[i] = g;
    }
    return sum;
  }
  void step() { y = pass(a.size(), a.data(), b.data(), c.data(), da.data(), db.data(), dc.data()); }
  std::vector<double> check() {
    step();
    return {y, magnitude(da.data(), da.size()), magnitude(db.data(), db.size()), magnitude(dc.data(), dc.size())};
  }
};

const Registered<W4> w4("W4/limit");
const Registered<W7> small("W7/1e4/limit", 10'000), large("W7/1e6/limit", 1'000'000);

}  // namespace
}  // namespace bench
