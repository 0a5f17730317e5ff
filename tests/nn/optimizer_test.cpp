#include <catch.hpp>
#include <cmath>
#include <limits>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

using namespace xgrad;
using namespace xgrad::tests;

namespace {

Tensor weights() { return variable(tensor({0.5, -1, 2, 0.25}, float64)); }

Tensor gradient(int step) {
  std::vector<double> g;
  for (int i = 0; i < 4; ++i) g.push_back(std::sin(1.3 * step + i) * (i + 1));
  return from_vector(g, {4});
}

void check_close(const Tensor& got, const std::vector<double>& want) {
  const auto values = got.to_vector<double>();
  for (std::size_t i = 0; i < want.size(); ++i) CHECK(values[i] == Approx(want[i]).epsilon(1e-12).margin(1e-14));
}

/// Where the weights are after steps 1, 2 and 20.
template <class Optimizer, class Options>
void check_path(const Options& options, const std::vector<std::vector<double>>& want) {
  Tensor w = weights();
  Optimizer optimizer({w}, options);
  for (int step = 0; step < 20; ++step) {
    w.set_grad(gradient(step));
    optimizer.step();
    if (step < 2) check_close(w, want[static_cast<std::size_t>(step)]);
  }
  check_close(w, want[2]);
}

}  // namespace

// PyTorch 2.13's, in double, with w.grad set to sin(1.3 t + i) (i + 1) before step t = 0, 1, ... 19.
TEST_CASE("SGD takes PyTorch's path") {
  SECTION("plain") {
    check_path<nn::SGD>(SgdOptions{.lr = 0.1},
                        {{0.5, -1.1682941969615792, 1.7272107719522956, 0.19355199677605311},
                         {0.4036441814582807, -1.3174352393969233, 1.77453448019527, 0.5600183714758351},
                         {0.5149051762419459, -1.098011781021884, 1.7964164974090608, 0.15269919967950962}});
  }
  SECTION("momentum") {
    check_path<nn::SGD>(SgdOptions{.lr = 0.1, .momentum = 0.9},
                        {{0.5, -1.1682941969615792, 1.7272107719522956, 0.19355199677605311},
                         {0.4036441814582807, -1.4689000166623447, 1.529024174952336, 0.5092151685742828},
                         {-0.020623958123735374, -2.2448872849707184, 1.544025462524382, 2.0828036525674807}});
  }
  SECTION("Nesterov's momentum") {
    check_path<nn::SGD>(SgdOptions{.lr = 0.1, .momentum = 0.9, .nesterov = true},
                        {{0.5, -1.3197589742270006, 1.4817004667093614, 0.14274879387450093},
                         {0.3169239447707333, -1.7394452543930337, 1.350656237652372, 0.7933120231926897},
                         {0.04634361393058415, -2.218410337495532, 1.3860394136810041, 1.8022224869902421}});
  }
  SECTION("dampening and weight decay") {
    check_path<nn::SGD>(SgdOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.5, .weight_decay = 0.01},
                        {{0.4995, -1.1672941969615793, 1.7252107719522956, 0.19330199677605311},
                         {0.45062234072914037, -1.391845848346192, 1.5006997154448727, 0.3254103302260039},
                         {0.21711989598988876, -2.250102488907756, 0.49566458637608507, 0.8782118426900679}});
  }
}

TEST_CASE("Adam takes PyTorch's path") {
  SECTION("as it is") {
    check_path<nn::Adam>(AdamOptions{.lr = 0.01},
                         {{0.5, -1.0099999999405802, 1.9900000000366584, 0.24000000017715417},
                          {0.4925586318735198, -1.0199504470211525, 1.9846706776160083, 0.24633513254939463},
                          {0.47681668182636633, -1.0316089706176932, 1.9863987155841558, 0.26111261832360616}});
  }
  SECTION("other betas, eps and weight decay") {
    check_path<nn::Adam>(AdamOptions{.lr = 0.05, .beta1 = 0.8, .beta2 = 0.99, .eps = 1e-6, .weight_decay = 0.1},
                         {{0.4500009999800004, -1.049999968413265, 1.9500000170771252, 0.20000008482037124},
                          {0.40931103742648833, -1.0995402835764203, 1.9223621092494643, 0.2336818927065084},
                          {0.3152696701952528, -1.0556958795270435, 1.863884329785978, 0.2745054060613678}});
  }
}

TEST_CASE("a parameter without a gradient is left alone, its state too") {
  Tensor a = weights(), b = weights();
  nn::Adam optimizer({a, b}, {.lr = 0.01});
  a.set_grad(gradient(0));
  optimizer.step();
  CHECK(b.to_vector<double>() == weights().to_vector<double>());
  optimizer.zero_grad();
  CHECK_FALSE(a.grad().defined());
  // b now makes its first step, as if it were alone
  b.set_grad(gradient(0));
  optimizer.step();
  check_close(b, {0.5, -1.0099999999405802, 1.9900000000366584, 0.24000000017715417});
  check_close(a, {0.5, -1.0099999999405802, 1.9900000000366584, 0.24000000017715417});
}

TEST_CASE("without options an optimizer has the default ones") {
  CHECK(nn::SGD({weights()}).lr() == SgdOptions{}.lr);
  CHECK(nn::Adam({weights()}).lr() == AdamOptions{}.lr);
}

TEST_CASE("the rate can change between steps") {
  Tensor w = variable(tensor({1}));
  nn::SGD optimizer({w}, {.lr = 0.5});
  w.set_grad(tensor({1}));
  optimizer.step();
  optimizer.set_lr(0.25);
  CHECK(optimizer.lr() == 0.25);
  optimizer.step();
  CHECK(w.to_vector<float>()[0] == 0.25f);
  CHECK_THROWS_AS(optimizer.set_lr(-1), ValueError);
  CHECK_THROWS_AS(optimizer.set_lr(std::nan("")), ValueError);
}

TEST_CASE("options that mean nothing are refused, with the value and the caller's line") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  for (const SgdOptions& bad :
       {SgdOptions{.lr = -0.1}, SgdOptions{.lr = nan}, SgdOptions{.lr = inf}, SgdOptions{.lr = 0.1, .momentum = -1},
        SgdOptions{.lr = 0.1, .weight_decay = -1}, SgdOptions{.lr = 0.1, .nesterov = true},
        SgdOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.1, .nesterov = true}}) {
    CHECK_THROWS_AS(nn::SGD({weights()}, bad), ValueError);
    Tensor w = weights(), velocity;
    CHECK_THROWS_AS(sgd_update(w, gradient(0), velocity, bad), ValueError);
    CHECK(w.to_vector<double>() == weights().to_vector<double>());
    CHECK_FALSE(velocity.defined());
  }
  for (const AdamOptions& bad :
       {AdamOptions{.lr = -1}, AdamOptions{.beta1 = 1}, AdamOptions{.beta1 = -0.1}, AdamOptions{.beta2 = 1},
        AdamOptions{.beta2 = nan}, AdamOptions{.eps = -1}, AdamOptions{.weight_decay = -1}, AdamOptions{.step = 0}}) {
    CHECK_THROWS_AS(nn::Adam({weights()}, bad), ValueError);
    Tensor w = weights(), m, v;
    CHECK_THROWS_AS(adam_update(w, gradient(0), m, v, bad), ValueError);
    CHECK(w.to_vector<double>() == weights().to_vector<double>());
    CHECK_FALSE(m.defined());
  }
  CHECK_THROWS_WITH(nn::SGD({}, {.lr = 0.1}), contains("there are no parameters (does the module's members() list"));
  CHECK_THROWS_AS(nn::SGD({zeros({2})}, {.lr = 0.1}), ValueError);
  const Tensor w = weights();
  CHECK_THROWS_WITH(nn::SGD({weights(), w, w}, {.lr = 0.1}), contains("parameters 1 and 2 are the same variable"));
  try {
    nn::SGD({weights()}, {.lr = -0.1});
  } catch (const ValueError& e) {
    CHECK_THAT(e.what(), contains("SGD: lr"));
    CHECK_THAT(e.what(), contains("-0.1"));
    CHECK_THAT(e.what(), contains("optimizer_test.cpp:"));
  }
}

TEST_CASE("the cosine schedule is PyTorch's CosineAnnealingLR") {
  const double want[] = {0.1, 0.09972609476841367, 0.0871572412738697, 0.05000000000000001, 0.00027390523158633, 0};
  const int steps[] = {0, 1, 7, 15, 29, 30};
  for (int i = 0; i < 6; ++i) CHECK(nn::cosine_lr(0.1, steps[i], 30) == Approx(want[i]).epsilon(1e-12).margin(1e-17));
  CHECK(nn::cosine_lr(0.1, 31, 30) == 0);
  CHECK(nn::cosine_lr(0.1, 30, 30, 0.01) == 0.01);
  CHECK(nn::cosine_lr(0.1, 15, 30, 0.02) == Approx(0.06));
}

TEST_CASE("accuracy counts the rows whose largest score is at the label") {
  const Tensor scores = tensor({{0.1, 0.9, 0}, {3, 2, 1}, {-1, -2, -0.5}, {0, 5, 4}});
  CHECK(nn::count_correct(scores, tensor({1, 0, 1, 2}, int64)) == 2);
  CHECK(nn::accuracy(scores, tensor({1, 0, 1, 2}, int64)) == 0.5);
  const Tensor one_hot = tensor({{0.01, 0.99, 0.01}, {0.99, 0.01, 0.01}, {0.01, 0.01, 0.99}, {0.99, 0.01, 0.01}});
  CHECK(nn::accuracy(scores, one_hot) == 0.75);
  CHECK_THROWS_AS(nn::accuracy(scores, tensor({1, 0, 1}, int64)), ShapeError);
  CHECK_THROWS_AS(nn::accuracy(scores, zeros({4, 2})), ShapeError);
  CHECK_THROWS_AS(nn::accuracy(tensor({1, 2}), tensor({1, 0}, int64)), ShapeError);
  CHECK_THROWS_AS(nn::accuracy(zeros({0, 3}), zeros({0}, int64)), ValueError);
}
