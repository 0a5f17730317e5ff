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

struct Convolved {
  Shape x;
  std::int64_t out;
  Pair kernel, stride, padding, dilation;
  std::int64_t groups;

  ConvOptions options() const { return {stride, padding, dilation, groups}; }
  std::vector<Tensor> arguments(DType dtype = float64) const {
    return {random_tensor(x, -1, 1, dtype), random_tensor({out, x[1] / groups, kernel.h, kernel.w}, -1, 1, dtype, 2),
            random_tensor({out}, -1, 1, dtype, 3)};
  }
};

/// A matrix of weights times columns.
Tensor plain_conv(const std::vector<Tensor>& in, const Convolved& c) {
  const Tensor columns = im2col(in[0], c.kernel, c.stride, c.padding, c.dilation);
  const std::int64_t n = columns.shape()[2], length = columns.shape()[1] / c.groups;
  return matmul(reshape(in[1], {c.groups, c.out / c.groups, length}), reshape(columns, {c.x[0], c.groups, length, n})) +
         reshape(in[2], {c.groups, c.out / c.groups, 1});
}

/// Columns of the weights times y, added up where they lie. c is the convolution that this is the transposed one of.
Tensor plain_transposed(const Tensor& y, const Tensor& weight, const Convolved& c) {
  const std::int64_t n = c.x[0], places = y.shape()[2] * y.shape()[3], length = weight.size() / c.out;
  const Tensor w = swapaxes(reshape(weight, {c.groups, c.out / c.groups, length}), 1, 2);
  const Tensor columns = matmul(w, reshape(y, {n, c.groups, c.out / c.groups, places}));
  return col2im(reshape(columns, {n, c.groups * length, places}), {c.x[2], c.x[3]}, c.kernel, c.stride, c.padding,
                c.dilation);
}

const Convolved convolutions[] = {
    {{3, 2, 14, 14}, 9, 3, 1, 1, 1, 1},         {{2, 3, 9, 21}, 7, {2, 3}, {2, 3}, {1, 0}, {2, 1}, 1},
    {{2, 4, 8, 8}, 6, 3, 2, 1, 1, 2},           {{1, 5, 7, 6}, 5, 3, 1, 2, 2, 5},
    {{2, 3, 5, 5}, 13, 1, 1, 0, 1, 1},          {{2, 2, 9, 8}, 3, 1, 3, 1, 1, 1},
    {{1, 1, 6, 6}, 1, {5, 2}, 4, {4, 3}, 1, 1}, {{1, 40, 5, 4}, 16, 3, 1, 1, 1, 1},
    {{2, 64, 3, 3}, 8, 3, 1, 0, 1, 1},          {{1, 2, 90, 70}, 3, 5, {3, 1}, 2, 1, 1},
    {{17, 1, 10, 10}, 4, 3, 1, 1, 1, 1},        {{1, 2, 1, 3000}, 4, {1, 9}, {1, 2}, {0, 4}, {1, 3}, 1},
};

TEST_CASE("convolution: the same as a product with columns, to second order", "[windows]") {
  for (const Convolved& c : convolutions) {
    INFO("x " << to_string(c.x) << ", kernel " << c.kernel.h << " " << c.kernel.w << ", " << c.out << " kernels");
    const std::vector<Tensor> in = c.arguments();
    check_same([&](auto& a) { return conv2d(a[0], a[1], a[2], c.options()); },
               [&](auto& a) { return plain_conv(a, c); }, in, 1e-11);

    const Tensor y = conv2d(in[0], in[1], c.options());
    const Pair least{(y.shape()[2] - 1) * c.stride.h - 2 * c.padding.h + c.dilation.h * (c.kernel.h - 1) + 1,
                     (y.shape()[3] - 1) * c.stride.w - 2 * c.padding.w + c.dilation.w * (c.kernel.w - 1) + 1};
    const Pair more{c.x[2] - least.h, c.x[3] - least.w};
    check_same([&](auto& a) { return conv_transpose2d(a[0], a[1], c.options(), more); },
               [&](auto& a) { return plain_transposed(a[0], a[1], c); }, {y, in[1]}, 1e-11);
  }
}

TEST_CASE("convolution: what is not finite reaches no more than by products", "[windows]") {
  const Convolved c{{2, 2, 6, 5}, 3, 3, 1, 1, 1, 1};
  std::vector<Tensor> in = c.arguments();
  const auto gradients = [&](auto f) {
    Tape tape;
    std::vector<Tensor> x;
    for (const Tensor& input : in) x.push_back(variable(input));
    std::vector<Tensor> all = tape.gradient(sum(f(x)), x);
    return all;
  };
  for (const int bad : {0, 1}) {
    in = c.arguments();
    in[static_cast<std::size_t>(bad)].mutable_data<double>()[7] = std::numeric_limits<double>::infinity();
    const auto direct = gradients([&](auto&a) { return conv2d(a[0], a[1], a[2], c.options()); }),
               plain = gradients([&](auto&a) { return plain_conv(a, c); });
    for (std::size_t i = 0; i < direct.size(); ++i)
      for (std::int64_t k = 0; k < direct[i].size(); ++k) {
        const double a = direct[i].data<double>()[k], b = plain[i].data<double>()[k];
        CHECK((std::isnan(a) == std::isnan(b) && (std::isnan(a) || a == Approx(b) || a == b)));
      }
  }
}

TEST_CASE("convolution: float32, in one dimension, and many channels", "[windows]") {
  const Convolved wide{{4, 48, 30, 20}, 72, 3, 1, 1, 1, 1};
  const std::vector<Tensor> in = wide.arguments(float32);
  check_same([&](auto& a) { return conv2d(a[0], a[1], a[2], wide.options()); },
             [&](auto& a) { return plain_conv(a, wide); }, in, 2e-5);
  const Tensor x = random_tensor({2, 6, 5000}, -1, 1, float32), w = random_tensor({4, 3, 7}, -1, 1, float32, 2);
  check_same(
      [&](auto& a) { return conv1d(a[0], a[1], {.stride = 2, .padding = 3, .groups = 2}); },
      [&](auto& a) {
        return conv2d(unsqueeze(a[0], 2), unsqueeze(a[1], 2), {.stride = {1, 2}, .padding = {0, 3}, .groups = 2});
      },
      {x, w}, 0);
}

TEST_CASE("convolution: the same bits for any number of threads", "[windows]") {
  for (const Convolved& c :
       {Convolved{{40, 5, 20, 18}, 24, 3, 1, 1, 1, 1}, Convolved{{1, 16, 100, 90}, 32, 3, 2, 1, 1, 1},
        Convolved{{5, 16, 20, 20}, 16, 3, 1, 1, 1, 16}}) {
    std::vector<Tensor> before;
    for (const int count : {1, 2, 5}) {
      const Threads set(count);
      const std::vector<Tensor> all =
          three_orders([&](auto& a) { return conv2d(a[0], a[1], a[2], c.options()); }, c.arguments(float32));
      for (std::size_t i = 0; i < before.size(); ++i) CHECK(same_bits(all[i], before[i]));
      before = all;
    }
  }
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
