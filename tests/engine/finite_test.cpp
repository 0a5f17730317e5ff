// FiniteCheck says which operation makes nan or inf.
#include <cmath>
#include <xgrad/engine/finite.hpp>
#include <xgrad/xgrad.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using namespace xgrad;
using namespace xgrad::tests;

TEST_CASE("FiniteCheck: an operation that makes inf of finite numbers is refused, at its line") {
  const Tensor x = variable(tensor({{1, 2}, {0, 4}}));
  Tape tape;
  const FiniteCheck check;
  CHECK(error_here<ValueError>([&] { (void)log(x); }, {__FILE__, __LINE__}) ==
        "log: -inf at [1, 0] of float32 (2, 2), from finite arguments");
  CHECK(error_here<ValueError>([&] { (void)sqrt(0 - x); }, {__FILE__, __LINE__}).starts_with("sqrt: "));
  CHECK(error_of<ValueError>([&] { (void)matmul(x * 1e30, x * 1e30); }).starts_with("matmul: inf at [0, 0]"));
  CHECK(sum(exp(x)).item() == Approx(std::exp(1) + std::exp(2) + 1 + std::exp(4)));
}

TEST_CASE("FiniteCheck: 0-d values") {
  const Tensor x = variable(0, float64);
  Tape tape;
  const FiniteCheck check;
  CHECK(error_here<ValueError>([&] { (void)log(x); }, {__FILE__, __LINE__}) == "log: -inf from 0 and 0");
  CHECK(error_of<ValueError>([&] { (void)(1 / x); }).starts_with("div: inf from 1 and 0"));
}

TEST_CASE("FiniteCheck: what was not finite before passes, and so does all without it") {
  const Tensor x = variable(tensor({1, 2, 3})), mask = tensor({0, 1, 0}, boolean);
  Tape tape;
  {
    const FiniteCheck check;
    const Tensor masked = masked_fill(x, mask, -INFINITY);
    CHECK(softmax(masked).to_vector<float>()[1] == 0);
    CHECK(std::isinf(sum(masked).item()));
  }
  CHECK(std::isinf(sum(x / 0).item()));
  CHECK_THROWS_AS(no_grad([] { FiniteCheck check; }), GraphError);
}
