#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "catch.hpp"
#include "tensors.hpp"

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

TEST_CASE("a sequence is its cells, one after another") {
  const auto draw = [](const Shape& shape, std::uint64_t seed) {
    return variable(random_tensor(shape, -1, 1, float64, seed));
  };
  const Tensor x = draw({5, 2, 3}, 1), h = draw({2, 4}, 2);
  for (const std::int64_t gates : {1, 3, 4})
    for (const int biases : {0, 1, 2}) {
      nn::CellWeights weights{draw({gates * 4, 3}, 3), draw({gates * 4, 4}, 4)};
      if (biases > 0) weights.b_hh = draw({gates * 4}, 5);
      if (biases > 1) weights.b_ih = draw({gates * 4}, 6);
      std::vector<Tensor> leaves{x, h, weights.w_ih, weights.w_hh};
      if (biases > 0) leaves.push_back(weights.b_hh);
      if (biases > 1) leaves.push_back(weights.b_ih);
      const auto sequence = [&] {
        if (gates == 1) return nn::rnn(x, h, weights).outputs;
        if (gates == 3) return nn::gru(x, h, weights).outputs;
        const nn::LstmSequence s = nn::lstm(x, {h, h}, weights);  // one tensor for both states
        return concatenate({s.outputs, unsqueeze(s.state.c, 0)});
      };
      const auto cells = [&] {
        std::vector<Tensor> outputs;
        nn::LstmState s{h, h};
        for (std::int64_t t = 0; t < 5; ++t) {
          const Tensor at = slice(x, {t});
          if (gates == 1) s.h = nn::rnn_cell(at, s.h, weights);
          else if (gates == 3) s.h = nn::gru_cell(at, s.h, weights);
          else s = nn::lstm_cell(at, s, weights);
          outputs.push_back(s.h);
        }
        if (gates == 4) outputs.push_back(s.c);
        return stack(outputs);
      };
      const auto results = [&](auto f, bool create_graph) {
        Tape tape;
        const Tensor y = f();
        std::vector<Tensor> all =
            tape.gradient(sum(y * random_tensor(y.shape(), 1, 2, float64, 7)), leaves, {.create_graph = create_graph});
        if (create_graph) all = tape.gradient(sum(square(all[0])) + sum(square(all[3])), leaves);
        all.push_back(y.detach());
        return all;
      };
      for (const bool create_graph : {false, true}) {
        const std::vector<Tensor> got = results(sequence, create_graph), expected = results(cells, create_graph);
        for (std::size_t i = 0; i < got.size(); ++i) check_close(got[i], expected[i]);
      }
    }
}
