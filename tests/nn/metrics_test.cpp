// Figures of classification, with numbers from scikit-learn's documentation and from its definitions.
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using namespace xgrad;
using namespace xgrad::tests;

namespace {

Tensor labels(std::vector<std::int64_t> list) { return from_vector(list, {static_cast<std::int64_t>(list.size())}); }

nn::ConfusionMatrix matrix_of(std::int64_t classes, std::vector<std::int64_t> actual,
                              std::vector<std::int64_t> predicted) {
  nn::ConfusionMatrix matrix(classes);
  matrix.add(labels(std::move(predicted)), labels(std::move(actual)));
  return matrix;
}

void check_scores(const nn::ClassScores& s, double precision, double recall, double f1, std::int64_t support) {
  CHECK(s.precision == Approx(precision).margin(1e-12));
  CHECK(s.recall == Approx(recall).margin(1e-12));
  CHECK(s.f1 == Approx(f1).margin(1e-12));
  CHECK(s.support == support);
}

}  // namespace

TEST_CASE("metrics: precision, recall and F1, per class and averaged") {
  const nn::ConfusionMatrix m = matrix_of(3, {0, 1, 2, 2, 2}, {0, 0, 2, 2, 1});
  check_scores(m.scores(0), 1.0 / 2, 1, 2.0 / 3, 1);
  check_scores(m.scores(1), 0, 0, 0, 1);  // 0 of 1, and never right
  check_scores(m.scores(2), 1, 2.0 / 3, 0.8, 3);
  check_scores(m.scores(nn::Averaging::macro), 0.5, 5.0 / 9, (2.0 / 3 + 0.8) / 3, 5);
  check_scores(m.scores(nn::Averaging::weighted), 0.7, 0.6, (2.0 / 3 + 2.4) / 5, 5);
  check_scores(m.scores(nn::Averaging::micro), 0.6, 0.6, 0.6, 5);
  CHECK(m.accuracy() == Approx(0.6));
  CHECK(m.matrix().to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 0, 0, 1, 0, 0, 0, 1, 2});

  const nn::ConfusionMatrix other = matrix_of(3, {0, 1, 2, 0, 1, 2}, {0, 2, 1, 0, 0, 1});
  check_scores(other.scores(), 2.0 / 9, 1.0 / 3, 0.8 / 3, 6);
}

TEST_CASE("metrics: a class that never comes counts 0 in the macro mean and nothing in the weighted one") {
  const nn::ConfusionMatrix m = matrix_of(4, {0, 1, 1}, {0, 1, 1});
  check_scores(m.scores(3), 0, 0, 0, 0);
  check_scores(m.scores(nn::Averaging::macro), 0.5, 0.5, 0.5, 3);
  check_scores(m.scores(nn::Averaging::weighted), 1, 1, 1, 3);
  CHECK(nn::ConfusionMatrix(2).accuracy() == 0);
}

TEST_CASE("metrics: batches add up to all at once, as scores, labels or one-hot") {
  Random random(3);
  const Tensor scores = uniform(random, {50, 6}), truth = randint(random, 0, 6, {50});
  nn::ConfusionMatrix whole(6), parts(6);
  whole.add(scores, truth);
  std::int64_t correct = 0, top = 0;
  for (std::int64_t i = 0; i < 50; i += 20) {
    const Slice rows(i, std::min<std::int64_t>(i + 20, 50));
    const Tensor s = slice(scores, {rows}), t = slice(truth, {rows});
    parts.add(i == 20 ? argmax(s, 1) : s, i == 40 ? one_hot(t, 6) : t);
    correct += nn::count_correct(s, t);
    top += nn::count_correct_top_k(s, t, 3);
  }
  CHECK(same_bits(whole.matrix(), parts.matrix()));
  CHECK(static_cast<double>(correct) / 50 == nn::accuracy(scores, truth));
  CHECK(whole.accuracy() == nn::accuracy(scores, truth));
  CHECK(static_cast<double>(top) / 50 == nn::top_k_accuracy(scores, truth, 3));
  // By hand.
  const auto s = scores.to_vector<float>();
  const auto t = truth.to_vector<std::int64_t>();
  std::int64_t expected = 0;
  for (std::size_t i = 0; i < 50; ++i) {
    int above = 0;
    for (std::size_t c = 0; c < 6; ++c) above += s[6 * i + c] > s[6 * i + static_cast<std::size_t>(t[i])];
    expected += above < 3;
  }
  CHECK(top == expected);
  parts.clear();
  CHECK(parts.total() == 0);
}

TEST_CASE("metrics: top-k") {
  const Tensor scores = tensor({{0.5, 0.2, 0.2}, {0.3, 0.4, 0.2}, {0.2, 0.4, 0.3}, {0.7, 0.2, 0.1}});
  const Tensor truth = labels({0, 1, 2, 2});
  CHECK(nn::top_k_accuracy(scores, truth, 2) == 0.75);
  CHECK(nn::top_k_accuracy(scores, truth, 1) == nn::accuracy(scores, truth));
  CHECK(nn::top_k_accuracy(scores, truth, 3) == 1);
  CHECK(nn::top_k_accuracy(zeros({1, 3}), labels({0}), 1) == 1);  // of equal ones the first
  CHECK(nn::top_k_accuracy(zeros({1, 3}), labels({1}), 1) == 0);
}

TEST_CASE("metrics: what makes no sense") {
  nn::ConfusionMatrix m(3);
  const auto add = [&](Tensor scores, Tensor truth) { return [&m, scores, truth] { m.add(scores, truth); }; };
  CHECK(error_of<ValueError>(add(labels({0, 1}), labels({0, 3})))
            .starts_with("ConfusionMatrix: labels[1] is 3, expected 0 to 2"));
  CHECK(error_of<ValueError>(add(labels({-1}), labels({0}))).starts_with("ConfusionMatrix: predictions[0] is -1"));
  CHECK(error_of<ShapeError>(add(zeros({2, 4}), labels({0, 1})))
            .starts_with("ConfusionMatrix: scores are (2, 4), expected 3 columns"));
  CHECK_THROWS_AS(add(zeros({2, 3}), labels({0}))(), ShapeError);
  CHECK(m.total() == 0);
  CHECK_THROWS_AS(nn::ConfusionMatrix(0), ValueError);
  CHECK_THROWS_AS(m.count(0, 3), ValueError);
  CHECK_THROWS_AS(m.scores(-1), ValueError);
  CHECK_THROWS_AS(nn::top_k_accuracy(zeros({1, 3}), labels({0}), 0), ValueError);
  CHECK_THROWS_AS(nn::top_k_accuracy(zeros({1, 3}), labels({0}), 4), ValueError);
  CHECK_THROWS_AS(nn::top_k_accuracy(zeros({1, 3}), labels({5}), 2), ValueError);
  CHECK_THROWS_AS(nn::top_k_accuracy(zeros({0, 3}), labels({}), 2), ValueError);
}

TEST_CASE("metrics: as a table") {
  const std::string table = to_string(matrix_of(2, {0, 1, 1}, {0, 0, 1}), {"cat"});
  CHECK_THAT(table, Catch::Matchers::Contains("cat    0.5000    1.0000    0.6667         1"));
  CHECK_THAT(table, Catch::Matchers::Contains("accuracy                        0.6667         3"));
}
