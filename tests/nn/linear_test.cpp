#include <algorithm>
#include <catch.hpp>
#include <cmath>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

using namespace xgrad;
using namespace xgrad::tests;

namespace {

void check_close(const Tensor& got, const std::vector<double>& want) {
  const std::vector<double> values = got.to_vector<double>();
  REQUIRE(values.size() == want.size());
  for (std::size_t i = 0; i < want.size(); ++i) CHECK(values[i] == Approx(want[i]).epsilon(1e-13).margin(1e-15));
}

const Tensor weight1 = tensor({{0.1, -0.2, 0.3}, {0.4, 0.5, -0.6}, {-0.7, 0.8, 0.9}, {0.25, -0.35, 0.45}}, float64);
const Tensor bias1 = tensor({0.1, -0.1, 0.2, 0.05}, float64);
const Tensor weight2 = tensor({{0.3, -0.1, 0.2, 0.5}, {-0.4, 0.6, 0.1, -0.2}, {0.15, 0.25, -0.35, 0.45}}, float64);
const Tensor bias2 = tensor({0.05, -0.05, 0.1}, float64);

}  // namespace

// The numbers are PyTorch 2.13's in double: h = relu(F.linear(x, W1, b1)); z = F.linear(h, W2, b2);
// F.cross_entropy(z, [2, 0]).backward().
TEST_CASE("a two-layer network has PyTorch's values and gradients") {
  Random random(1);
  const nn::LinearOptions in_double{.dtype = float64};
  nn::Sequential net(nn::Linear(3, 4, random, in_double), nn::ReLU(), nn::Linear(4, 3, random, in_double));
  net.load_state({{"0.weight", weight1}, {"0.bias", bias1}, {"2.weight", weight2}, {"2.bias", bias2}});
  const Tensor x = tensor({{0.5, -1, 2}, {1.5, 0.25, -0.75}}, float64);

  Tape tape;
  const Tensor z = net(x);
  check_close(z, {1.2175, -0.6300000000000001, 0.5862499999999999, -0.057499999999999996, 0.5949999999999999, 0.36875});
  const Tensor loss = cross_entropy(z, tensor({2, 0}, int64));
  CHECK(loss.item() == Approx(1.3245169152636649).epsilon(1e-13));
  loss.backward();
  const auto p = net.parameters();
  check_close(p[0].grad(), {0.009366816034913659, -0.018733632069827318, 0.037467264139654635, 0.316767034139523,
                            0.0527945056899205, -0.1583835170697615, 0.09187818968155143, -0.18375637936310285,
                            0.3675127587262057, -0.007762386984976791, 0.015524773969953581, -0.031049547939907163});
  check_close(p[1].grad(), {0.018733632069827318, 0.211178022759682, 0.18375637936310285, -0.015524773969953581});
  check_close(p[2].grad(), {0.28113874574884434, -0.4167633860392063, 0.25154519356475546, 0.4217081186232665,
                            0.044316111629074006, 0.23185482672267407, 0.039651257773382007, 0.06647416744361101,
                            -0.32545485737791835, 0.18490855931653222, -0.29119645133813754, -0.4881822860668776});
  check_close(p[3].grad(), {-0.09175134889325665, 0.2623274471361517, -0.1705760982428951});
}

TEST_CASE("Linear and Affine start as PyTorch does, and as the same function") {
  Random one(7), two(7);
  nn::Linear linear_layer(100, 50, one);
  nn::Affine affine_layer(100, 50, two);
  CHECK(linear_layer.weight.shape() == Shape{50, 100});
  CHECK(affine_layer.weight.shape() == Shape{100, 50});
  CHECK(linear_layer.bias.shape() == Shape{50});
  CHECK(transpose(linear_layer.weight).to_vector<float>() == affine_layer.weight.to_vector<float>());
  CHECK(linear_layer.bias.to_vector<float>() == affine_layer.bias.to_vector<float>());

  const float k = 0.1f;
  for (const Tensor& p : linear_layer.parameters()) {
    const auto values = p.to_vector<float>();
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    CHECK(*low >= -k);
    CHECK(*low < -0.9f * k);
    CHECK(*high <= k);
    CHECK(*high > 0.9f * k);
  }

  const Tensor x = normal(one, {5, 100});
  const auto a = linear_layer(x).to_vector<float>(), b = affine_layer(x).to_vector<float>();
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == Approx(b[i]).margin(1e-5));
}

TEST_CASE("Linear's options") {
  Random random(1);
  nn::Linear plain(3, 2, random, {.bias = false});
  CHECK_FALSE(plain.bias.defined());
  CHECK(plain.parameters().size() == 1);
  CHECK(plain(tensor({{0, 0, 0}})).to_vector<float>() == std::vector<float>{0, 0});
  nn::Affine plain_affine(3, 2, random, {.bias = false});
  CHECK(plain_affine(tensor({{0, 0, 0}})).to_vector<float>() == std::vector<float>{0, 0});

  nn::Linear ones(3, 2, random, {.init = [](Tensor& w, Random&) { nn::constant_(w, 1); }, .dtype = float64});
  CHECK(ones(tensor({{1, 2, 4}}, float64)).to_vector<double>() == std::vector<double>{7, 7});
  CHECK_THROWS_AS(nn::Linear(0, 2, random), ValueError);
  CHECK_THROWS_AS(nn::Affine(2, -1, random), ValueError);
  CHECK_THROWS_AS(nn::Linear(2, 2, random, {.dtype = int64}), DTypeError);
}

TEST_CASE("initialisers have the bounds and variances of their formulas") {
  Random random(3);
  Tensor w = zeros({300, 200}, float64);  // fan_in 200, fan_out 300
  struct Moments {
    double mean = 0, std = 0, largest = 0;
  };
  const auto moments = [&] {
    Moments m;
    const auto values = w.to_vector<double>();
    const double n = static_cast<double>(values.size());
    for (const double v : values) m.mean += v / n;
    for (const double v : values) m.std += (v - m.mean) * (v - m.mean) / n;
    for (const double v : values) m.largest = std::max(m.largest, std::abs(v));
    m.std = std::sqrt(m.std);
    return m;
  };
  const auto check_uniform = [&](double k) {
    const Moments m = moments();
    CHECK(m.largest <= k);
    CHECK(m.largest > 0.999 * k);
    CHECK(m.std == Approx(k / std::sqrt(3.0)).epsilon(0.01));
    CHECK(std::abs(m.mean) < 0.02 * k);
  };
  const auto check_normal = [&](double std, double mean = 0) {
    const Moments m = moments();
    CHECK(m.std == Approx(std).epsilon(0.015));
    CHECK(m.mean == Approx(mean).margin(0.02 * std));
    CHECK(m.largest > 3 * std);
  };
  nn::xavier_uniform_(w, random);
  check_uniform(std::sqrt(6.0 / 500));
  nn::xavier_uniform_(w, random, 2);
  check_uniform(2 * std::sqrt(6.0 / 500));
  nn::xavier_normal_(w, random);
  check_normal(std::sqrt(2.0 / 500));
  nn::he_uniform_(w, random);
  check_uniform(std::sqrt(6.0 / 200));
  nn::he_normal_(w, random);
  check_normal(std::sqrt(2.0 / 200));
  nn::he_normal_(w, random, 1);
  check_normal(std::sqrt(1.0 / 200));
  nn::uniform_(w, random, -3, 3);
  check_uniform(3);
  nn::normal_(w, random, 5, 2);
  check_normal(2, 5);
  nn::constant_(w, 4);
  CHECK(moments().mean == Approx(4));
  nn::zeros_(w);
  CHECK(moments().largest == 0);

  w = zeros({8, 4, 50, 150}, float64);  // a convolution's: fan_in 4 * 7500
  nn::he_normal_(w, random, 1);
  check_normal(std::sqrt(1.0 / 30000));
  Tensor bias = zeros({3});
  CHECK_THROWS_AS(nn::he_uniform_(bias, random), ShapeError);
  CHECK_THROWS_AS(nn::xavier_normal_(bias, random), ShapeError);

  Random again(3);
  Tensor first = zeros({300, 200}, float64), second = first.clone();
  nn::normal_(first, again);
  again.set_position(0);
  nn::normal_(second, again);
  CHECK(first.to_vector<double>() == second.to_vector<double>());
}
