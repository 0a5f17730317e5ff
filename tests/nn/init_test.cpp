// The initialisers' distributions.
#include <catch.hpp>
#include <cmath>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

using namespace xgrad;
using namespace xgrad::tests;

namespace {

/// Mean and standard deviation are near those, over 30,000 elements.
void check_spread(const Tensor& w, double deviation, double low, double high) {
  CHECK(std::abs(mean(w).item()) < 0.03 * deviation);
  CHECK(xgrad::std(w).item() == Approx(deviation).epsilon(0.02));
  CHECK(min(w).item() >= low);
  CHECK(max(w).item() <= high);
}

}  // namespace

TEST_CASE("initialisers have the spread of their fans") {
  Random random(1);
  const double inf = INFINITY, in = 100, out = 300;
  Tensor w = zeros({300, 100}, float64);
  const auto uniform_k = [&](double k) { check_spread(w, k / std::sqrt(3), -k, k); };
  nn::xavier_uniform_(w, random, nn::tanh_gain);
  uniform_k(5.0 / 3 * std::sqrt(6 / (in + out)));
  nn::xavier_normal_(w, random);
  check_spread(w, std::sqrt(2 / (in + out)), -inf, inf);
  nn::he_uniform_(w, random);
  uniform_k(std::sqrt(6 / in));
  nn::he_normal_(w, random, nn::leaky_relu_gain(0.5), nn::Fan::out);
  check_spread(w, std::sqrt(2 / 1.25 / out), -inf, inf);
  nn::he_uniform_(w, random, 1, nn::Fan::average);
  uniform_k(std::sqrt(6 / (in + out)));
  nn::lecun_uniform_(w, random);
  uniform_k(std::sqrt(3 / in));
  nn::lecun_normal_(w, random);
  check_spread(w, 0.1, -inf, inf);
  nn::truncated_normal_(w, random);
  check_spread(w, 0.87962566103423978, -2, 2);  // sqrt(1 - 4 phi(2) / (Phi(2) - Phi(-2)))
  nn::truncated_normal_(w, random, 1, 0.5, 1, 1.25);
  CHECK((min(w).item() >= 1 && max(w).item() <= 1.25));

  CHECK_THROWS_WITH(nn::truncated_normal_(w, random, 0, 1, 7, 8), contains("has less than 0.1 %"));
  CHECK_THROWS_AS(nn::truncated_normal_(w, random, 0, 1, 2, -2), ValueError);
  CHECK_THROWS_AS(nn::truncated_normal_(w, random, 0, 0), ValueError);
  Tensor row = zeros({3});
  CHECK_THROWS_AS(nn::lecun_normal_(row, random), ShapeError);
  CHECK_THROWS_AS(nn::orthogonal_(row, random), ShapeError);
}

TEST_CASE("orthogonal_ makes rows or columns orthonormal, for any rank") {
  for (const Shape& shape : {Shape{5, 5}, Shape{3, 8}, Shape{8, 3}, Shape{4, 2, 3, 3}}) {
    Random random(2);
    Tensor w = variable(zeros(shape, float64));
    nn::orthogonal_(w, random, 2);
    Tensor m = reshape(w.detach(), {shape[0], -1});
    if (m.shape()[0] > m.shape()[1]) m = transpose(m);
    const Tensor product = matmul(m, transpose(m));
    CHECK(max(abs(product - 4 * eye(m.shape()[0], float64))).item() < 1e-13);
  }
  Random random(3), same(3);
  Tensor a = zeros({2, 2}), b = zeros({2, 2});
  nn::orthogonal_(a, random), nn::orthogonal_(b, same);
  CHECK(a.to_vector<float>() == b.to_vector<float>());
  CHECK(random.position() == same.position());
}
