#include <catch.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

using namespace xgrad;
using namespace xgrad::tests;

namespace {

nn::Sequential small_net(Random& random) {
  return nn::Sequential{nn::Linear(3, 4, random), nn::ReLU(), nn::Linear(4, 2, random)};
}

std::vector<float> values(const Tensor& t) { return t.to_vector<float>(); }

}  // namespace

TEST_CASE("Sequential names its parts by number and applies them in order") {
  Random random(1);
  nn::Sequential net = small_net(random);
  CHECK(net.size() == 3);
  const auto named = net.named_parameters();
  CHECK(named[0].name == "0.weight");
  CHECK(named[3].name == "2.bias");
  auto& first = net.get<nn::Linear>(0);
  auto& last = net.get<nn::Linear>(2);
  const Tensor x = tensor({{1, -2, 3}, {0.5, 0.25, -1}});
  CHECK(values(net(x)) == values(linear(relu(linear(x, first.weight, first.bias)), last.weight, last.bias)));

  net.append(nn::Sigmoid());
  CHECK(net.size() == 4);
  CHECK(net(x).to_vector<float>()[0] > 0);
}

TEST_CASE("Sequential is a value: copies are deep, moves are moves") {
  Random random(1);
  nn::Sequential net = small_net(random);
  const Tensor x = tensor({{1, -2, 3}});
  const auto before = values(net(x));
  nn::Sequential copy(net);
  nn::Sequential nested(net, nn::Sigmoid());
  CHECK(nested.named_parameters()[0].name == "0.0.weight");
  for (Tensor p : net.parameters()) nn::zeros_(p);
  CHECK(values(copy(x)) == before);
  CHECK(values(net(x)) == std::vector<float>{0, 0});

  nn::Sequential moved = std::move(copy);
  CHECK(values(moved(x)) == before);

  Tensor handle = net.parameters()[0];
  net = moved;  // the same layers: the same leaves, so an optimizer over them stays right
  CHECK(values(net(x)) == before);
  CHECK(values(handle) == values(moved.parameters()[0]));
  nn::zeros_(handle);
  CHECK(values(net(x)) != before);
  CHECK(values(moved(x)) == before);

  nn::Sequential other{nn::Tanh()};
  other = moved;
  CHECK(values(other(x)) == before);
}

TEST_CASE("errors inside Sequential name the layer, the operation and the caller's line") {
  Random random(1);
  nn::Sequential net(nn::Linear(3, 4, random), nn::ReLU(), nn::Linear(5, 2, random));
  const Tensor x = tensor({{1, 2, 3}});
  int line = 0;
  try {
    line = __LINE__ + 1;
    net(x);
    FAIL("it was taken");
  } catch (const ShapeError& e) {
    CHECK_THAT(e.what(), contains("2 (Linear): linear: "));
    CHECK_THAT(e.what(), contains("(1, 4)"));
    CHECK_THAT(e.what(), contains("(2, 5)"));
    CHECK_THAT(e.what(), contains("sequential_test.cpp:" + std::to_string(line)));
  }
  CHECK_THROWS_AS(net(tensor({{1, 2, 3}}, float64)), DTypeError);
  CHECK_THROWS_AS(net(Tensor()), ValueError);
  CHECK_THROWS_AS(nn::Sequential()(x), ValueError);
  CHECK_THROWS_AS(net.at(3), ValueError);
  CHECK_THROWS_AS(net.get<nn::Affine>(0), ValueError);
}

TEST_CASE("activations as modules are the functions of the same name") {
  const Tensor x = tensor({{-2, -0.5}, {0, 3}});
  CHECK(values(nn::Identity()(x)) == values(x));
  CHECK(values(nn::ReLU()(x)) == std::vector<float>{0, 0, 0, 3});
  CHECK(values(nn::LeakyReLU(0.5)(x)) == std::vector<float>{-1, -0.25, 0, 3});
  CHECK(values(nn::Sigmoid()(x)) == values(sigmoid(x)));
  CHECK(values(nn::Tanh()(x)) == values(tanh(x)));
  CHECK(values(nn::Softplus()(x)) == values(softplus(x)));
  CHECK(values(nn::GELU()(x)) == values(gelu(x)));
  CHECK(values(nn::SiLU()(x)) == values(silu(x)));
  CHECK(values(nn::Softmax()(x)) == values(softmax(x, 1)));
  CHECK(values(nn::Softmax(0)(x)) == values(softmax(x, 0)));
  CHECK(nn::Flatten()(zeros({2, 3, 4})).shape() == Shape{2, 12});
  CHECK(nn::Flatten()(zeros({5})).shape() == Shape{5, 1});
  CHECK(nn::Flatten()(zeros({0, 3, 4})).shape() == Shape{0, 12});
  CHECK_THROWS_AS(nn::Flatten()(tensor(1)), ShapeError);
}
