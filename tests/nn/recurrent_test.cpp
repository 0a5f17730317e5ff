#include <catch.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

using namespace xgrad;
using namespace xgrad::tests;

namespace {

nn::CellWeights cell(std::int64_t gates) {
  return {ones({gates * 4, 3}), ones({gates * 4, 4}), ones({gates * 4}), ones({gates * 4})};
}

}  // namespace

TEST_CASE("a recurrent cell broadcasts nothing") {
  const Tensor x = ones({2, 3}), h = ones({2, 4}), once = ones({1, 4});
  CHECK(nn::rnn_cell(x, h, cell(1)).shape() == h.shape());
  CHECK_THROWS_WITH(nn::rnn_cell(x, once, cell(1)),
                    contains("rnn_cell: x is (2, 3), h is (1, 4), expected (N, I) and (N, H)"));
  CHECK_THROWS_AS(nn::gru_cell(x, once, cell(3)), ShapeError);
  CHECK_THROWS_AS(nn::gru_cell(ones({1, 2, 3}), h, cell(3)), ShapeError);
  CHECK_THROWS_WITH(nn::lstm_cell(x, {h, once}, cell(4)), contains("h is (2, 4), c is (1, 4)"));
  CHECK_THROWS_WITH(nn::lstm_cell(x, {h, h}, cell(3)), contains("w_ih is (12, 3), expected 16 rows for h (2, 4)"));
  CHECK_THROWS_WITH(nn::rnn(ones({5, 2, 3}), once, cell(1)), contains("rnn: x is (2, 3), h is (1, 4)"));

  nn::CellWeights row = cell(1);
  row.b_ih = ones({1, 4});
  CHECK_THROWS_WITH(nn::rnn_cell(x, h, row), contains("b_ih is (1, 4), expected 4 rows"));
  row = cell(1);
  row.w_ih = ones({1, 3});
  CHECK_THROWS_AS(nn::rnn_cell(x, h, row), ShapeError);
}
