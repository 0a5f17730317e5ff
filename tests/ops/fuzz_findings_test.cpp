// What random programs, compared with PyTorch (tests/fuzz), have found; refused calls are in bad_calls().
#include <xgrad/xgrad.hpp>

#include <cmath>

#include "catch.hpp"
#include "oracle.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

TEST_CASE("einsum: what stands twice in one argument is not in the result that is implied") {
  const Tensor x = random_tensor({2, 3, 3}), y = random_tensor({2}, -1, 1, float64, 2), s = tensor(0.5, float64);
  CHECK(same_bits(einsum("ijj,k", {x, y}), einsum("ijj,k->ik", {x, y})));
  CHECK(same_bits(einsum("k,ijj", {y, x}), einsum("k,ijj->ik", {y, x})));
  CHECK(same_bits(einsum(",ijj", {s, x}), einsum(",ijj->i", {s, x})));
  CHECK(same_bits(einsum("...jj", {x}), einsum("...jj->...", {x})));
}

TEST_CASE("kl_div: a target that is no probability gives nan, as in PyTorch") {
  const Tensor x = tensor({-1, -1, -1, -2}, float64), t = tensor({NAN, -0.5, 0, 1}, float64);
  const std::vector<double> y = kl_div(x, t, Reduction::none).to_vector<double>();
  CHECK(std::isnan(y[0]));
  CHECK(std::isnan(y[1]));
  CHECK(y[2] == 0);
  CHECK(y[3] == 2);
}

TEST_CASE("cosine_similarity: an axis is one of the common shape") {
  const Tensor a = random_tensor({2, 3, 4}), b = random_tensor({3, 4}, -1, 1, float64, 2);
  const Tensor c = random_tensor({3, 1}, -1, 1, float64, 3);
  for (const int axis : {0, 1, 2, -1}) {
    CHECK(same_bits(cosine_similarity(a, b, axis), cosine_similarity(a, broadcast_to(b, {2, 3, 4}), axis)));
    CHECK(same_bits(cosine_similarity(c, a, axis), cosine_similarity(broadcast_to(c, {2, 3, 4}), a, axis)));
  }
  // A length is that of the repeated elements.
  CHECK(cosine_similarity(ones({3}, float64), full({1}, 2, float64), 0).item() == Approx(1).margin(1e-15));
}

TEST_CASE("im2col and col2im: one sample") {
  const Tensor x = random_tensor({2, 4, 3}), columns = im2col(unsqueeze(x, 0), 2, 1, 1);
  CHECK(same_bits(im2col(x, 2, 1, 1), slice(columns, {0})));
  CHECK(same_bits(col2im(slice(columns, {0}), {4, 3}, 2, 1, 1), slice(col2im(columns, {4, 3}, 2, 1, 1), {0})));
  const Tensor leaf = variable(x);
  Tape tape;
  const Tensor y = col2im(im2col(leaf, 2, 1, 1), {4, 3}, 2, 1, 1);
  CHECK(y.shape() == x.shape());
  CHECK(tape.gradient(sum(y), leaf).shape() == x.shape());
}

TEST_CASE("norm: of nothing it is 0 for every finite order") {
  const Tensor x = random_variable({2, 0});
  for (const double ord : {0.5, 1.0, 2.0, 2.5, 3.0}) {
    Tape tape;
    const Tensor y = norm(x, ord, 1);
    CHECK(y.to_vector<double>() == std::vector<double>{0, 0});
    CHECK(tape.gradient(sum(y), x).shape() == x.shape());
  }
  CHECK_THROWS_AS(norm(x, INFINITY, 1), ValueError);
}

TEST_CASE("flatten: 0-d has no axis 1") {
  CHECK(flatten(tensor(3)).shape() == Shape{1});
  CHECK(flatten(tensor(3), -1, 0).shape() == Shape{1});
  CHECK_THROWS_AS(flatten(tensor(3), 1), ShapeError);
  CHECK_THROWS_AS(flatten(tensor(3), 0, -2), ShapeError);
}

}  // namespace
}  // namespace xgrad::tests
