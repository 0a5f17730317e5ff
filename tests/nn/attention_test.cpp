// Multi-head attention: what it refuses. Its values are checked against PyTorch's in tests/conformance.
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "catch.hpp"
#include "tensors.hpp"

namespace xgrad::tests {

TEST_CASE("multi_head_attention takes weights of three blocks, no more") {
  const Tensor x = random_tensor({2, 3, 4}), other = random_tensor({2, 5, 4});
  const auto error = [&](const Shape& weight, const Shape& bias, const Tensor& k) {
    return error_of<ShapeError>([&] {
      nn::multi_head_attention(x, k, k, 2,
                               {random_tensor(weight), random_tensor(bias), random_tensor({4, 4}), Tensor()});
    });
  };
  for (const Tensor& k : {x, other}) {
    CHECK(error({12, 4}, {12}, k).empty());
    CHECK_THAT(error({12, 4}, {13}, k), contains("in_bias is (13,), expected (12,) for q (2, 3, 4)"));
    CHECK_THAT(error({13, 4}, {12}, k), contains("in_weight is (13, 4), expected (12, 4)"));
    CHECK_THAT(error({12, 5}, {12}, k), contains("in_weight is (12, 5)"));
  }
}

}  // namespace xgrad::tests
