// Pooling and convolution against what they are made of on paper: im2col, a maximum, a mean, a product.
#include <xgrad/xgrad.hpp>

#include <limits>

#include "tensors.hpp"

namespace xgrad::tests {
namespace {

struct Case {
  Shape x;
  Pair kernel, stride, padding, dilation;
};

Tensor parts_of(const Tensor& x, const Case& c, double padding) {
  const auto [h, w] = c.padding;
  const Tensor around = pad(x, {{}, {}, {h, h}, {w, w}}, PadMode::constant, padding);
  const Tensor columns = im2col(around, c.kernel, c.stride, 0, c.dilation);
  return reshape(columns, {c.x[0], c.x[1], c.kernel.h * c.kernel.w, columns.shape()[2]});
}

Tensor plain_max(const Tensor& x, const Case& c) {
  const Tensor parts = parts_of(x, c, -std::numeric_limits<double>::infinity());
  return gather(parts, 2, argmax(parts, 2, true));
}

Tensor plain_mean(const Tensor& x, const Case& c, bool count_padding) {
  const Tensor y = mean(parts_of(x, c, 0), 2);
  return count_padding ? y : y / mean(parts_of(ones(c.x, x.dtype()), c, 0), 2);
}

/// The value, a derivative, and the derivatives of that.
template <class F> std::vector<Tensor> three_orders(F f, std::vector<Tensor> x) {
  Tape tape;
  for (Tensor& input : x) input = variable(input);
  const Tensor y = flatten(f(x)), weights = random_tensor(y.shape(), -1, 1, y.dtype(), 7);
  std::vector<Tensor> all = tape.gradient(sum(weights * y * y), x, {.create_graph = true});
  Tensor squares = sum(y);
  for (const Tensor& first : all) squares = squares + sum(first * first * first);
  for (const Tensor& second : tape.gradient(squares, x)) all.push_back(second);
  all.push_back(y);
  return all;
}

template <class F, class G> void check_same(F f, G plain, const std::vector<Tensor>& x, double tolerance = 1e-12) {
  const auto a = three_orders(f, x), b = three_orders(plain, x);
  for (std::size_t i = 0; i < a.size(); ++i)
    CHECK(amax(abs(a[i] - b[i])).item() <= tolerance * std::max(1.0, amax(abs(b[i])).item()));
}

const Case pools[] = {
    {{2, 3, 8, 8}, 2, 2, 0, 1},  {{1, 2, 7, 37}, 2, 2, 0, 1},
    {{2, 1, 9, 20}, 3, 2, 1, 1}, {{1, 2, 9, 11}, {2, 3}, {1, 3}, {1, 0}, 1},
    {{1, 1, 5, 40}, 3, 1, 1, 1}, {{1, 2, 1, 1}, 3, 1, 1, 1},
    {{3, 2, 6, 5}, 1, 3, 0, 1},  {{1, 1, 40, 36}, 17, 1, 8, 1},
};

TEST_CASE("pooling: the same as a maximum or a mean of columns, to second order", "[windows]") {
  for (const Case& c : pools) {
    INFO("x " << to_string(c.x) << ", kernel " << c.kernel.h << " " << c.kernel.w);
    const std::vector<Tensor> x = {random_tensor(c.x)};
    using In = const std::vector<Tensor>&;
    check_same([&](In in) { return max_pool2d(in[0], c.kernel, c.stride, c.padding); },
               [&](In in) { return plain_max(in[0], c); }, x);
    for (const bool all : {true, false})
      check_same([&](In in) { return avg_pool2d(in[0], c.kernel, c.stride, c.padding, all); },
                 [&](In in) { return plain_mean(in[0], c, all); }, x);
  }
  const Case far{{1, 2, 9, 12}, 3, 2, 1, {3, 2}};
  check_same(
      [&](auto& in) {
        return max_pool2d(in[0], 3, 2, 1, {3, 2});
      },
      [&](auto& in) { return plain_max(in[0], far); }, {random_tensor(far.x)});
}

TEST_CASE("max_pool2d: ties, nan and -inf", "[windows]") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const auto pooled = [](const NestedList& values, Pair padding) {
    Tape tape;
    const Tensor x = variable(reshape(tensor(values, float64), {1, 2, 4}));
    const Tensor y = max_pool2d(x, 2, 2, padding);
    return std::pair(y.to_vector<double>(), tape.gradient(sum(y), x).to_vector<double>());
  };
  using V = std::vector<double>;
  const auto [ties, first] = pooled({1, 1, 0, 2, 1, 1, 2, 2}, 0);
  CHECK(ties == V{1, 2});
  CHECK(first == V{1, 0, 0, 1, 0, 0, 0, 0});
  const auto [nans, at] = pooled({5, nan, 0, -inf, nan, 9, 1, nan}, 0);
  CHECK((std::isnan(nans[0]) && std::isnan(nans[1])));
  CHECK(at == V{0, 1, 0, 0, 0, 0, 0, 1});
  const auto [lowest, inside] = pooled({-inf, -inf, -inf, -inf, -inf, -inf, -inf, -inf}, 1);
  CHECK(lowest == V(6, -inf));
  CHECK(inside == V{1, 1, 0, 1, 1, 1, 0, 1});  // never to the padding
}

TEST_CASE("pooling: the same bits for any number of threads", "[windows]") {
  const Tensor x = random_variable({16, 8, 40, 44}, -1, 1, float32);
  std::vector<Tensor> before;
  for (const int count : {1, 2, 5}) {
    const Threads set(count);
    Tape tape;
    const Tensor y = max_pool2d(x, 3, 2, 1), z = avg_pool2d(x, 3, 2, 1, false);
    const std::vector<Tensor> all = {y.detach(), z.detach(), tape.gradient(sum(y * z), x)};
    for (std::size_t i = 0; i < before.size(); ++i) CHECK(same_bits(all[i], before[i]));
    before = all;
  }
}

}  // namespace
}  // namespace xgrad::tests
