// The softmax family and the losses: against PyTorch 2.13 (constants below), at extremes, to order 3, errors.
#include <xgrad/engine/gradcheck.hpp>
#include <xgrad/xgrad.hpp>

#include <limits>

#include "catch.hpp"
#include "oracle.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

using Inputs = std::vector<Tensor>;

/// f(x) and its gradient along wave(2) are those constants.
template <class F>
void check_oracle(F f, const Tensor& start, const std::vector<double>& value, const std::vector<double>& gradient) {
  const Tensor x = variable(start);
  Tape tape;
  const Tensor y = f(x);
  CHECK(close(y, value));
  CHECK(close(tape.gradient(y, x, {.seed = y.rank() == 0 ? Tensor() : wave(y.shape(), 2)}), gradient));
}

template <class F> void check_order_2(F f, const Inputs& inputs) {
  const GradcheckReport report = gradcheck(f, inputs, {.order = 2});
  INFO(report.text);
  CHECK(report.ok);
}

TEST_CASE("softmax, log_softmax, logsumexp are PyTorch's") {
  check_oracle([](const Tensor& x) { return softmax(x * 3, 1); }, wave({2, 3}),
               {0.17505739156592512, 0.48726591473608055, 0.3376766936979944, 0.8661100502768492, 0.11068605335156738,
                0.02320389637158354},
               {0.3956612772837731, 0.10301649644164504, -0.49867777372541805, -0.13863379446372848, 0.0787872157900476,
                0.059846578673681046});
  check_oracle([](const Tensor& x) { return softmax(x * 3, 0); }, wave({2, 3}),
               {0.716606119631651, 0.9821667931732919, 0.9945374140146187, 0.283393880368349, 0.01783320682670802,
                0.005462585985381319},
               {0.8672878844198075, 0.023645457007997063, -0.011982264551873983, -0.8672878844198073,
                -0.023645457007997046, 0.011982264551874103});
  check_oracle([](const Tensor& x) { return log_softmax(x * 3); }, wave({2, 3}),
               {-1.7426414070177754, -0.7189452787654679, -1.0856663687842265, -0.14374329965190663, -2.201057433188481,
                -3.763435067360385},
               {1.6216310657762207, 0.17833879066020722, -1.7999698564364277, 1.6489911129325197, -1.5239654530166122,
                -0.12502565991590617});
  check_oracle([](const Tensor& x) { return logsumexp(x * 3, 1, true); }, wave({2, 3}),
               {3.6752944687308484, 1.148707750119622},
               {0.2244480211244752, 0.624742944845801, 0.4329486747312134, -0.6639801501727808, -0.08485450815738049,
                -0.017788647750332547});
}

TEST_CASE("softmax, log_softmax, logsumexp: derivatives of order 2 and 3 along every axis") {
  const Tensor x = random_variable({2, 3, 4});
  for (const int axis : {0, 1, 2, -1}) {
    check_order_2([axis](const Inputs& in) { return softmax(in[0], axis); }, {x});
    check_order_2([axis](const Inputs& in) { return log_softmax(in[0], axis); }, {x});
    check_order_2([axis](const Inputs& in) { return logsumexp(in[0], axis); }, {x});
  }
  check_order_2([](const Inputs& in) { return logsumexp(in[0], {0, 2}, true); }, {x});
  check_order_2([](const Inputs& in) { return logsumexp(in[0]); }, {x});
  // Along u, logsumexp of two numbers is one of their difference: its third derivative is that of softplus.
  const double s = 1 / (1 + std::exp(-0.3)), expected = s * (1 - s) * (1 - 2 * s) * 8;
  const Tensor two = variable(tensor({0.3, 0.0}, float64)), u = tensor({2, 0}, float64);
  CHECK(third_derivative([](const Tensor& t) { return logsumexp(t); }, two, u) == Approx(expected));
  CHECK(third_derivative([](const Tensor& t) { return sum(log_softmax(t)) / -2 + sum(t) / 2; }, two, u) ==
        Approx(expected));
  const auto log_of_softmax = [](const Tensor& t) { return slice(t, {0}) - log(slice(softmax(t), {0})); };
  CHECK(third_derivative(log_of_softmax, two, u) == Approx(expected));
}

TEST_CASE("softmax, log_softmax, logsumexp are finite and exact at +-1e3") {
  for (const double big : {1e3, -1e3}) {
    const Tensor x = variable(tensor({{big, big + 1, big - 2}}, float32));
    const double sum = 1 + std::exp(1.0) + std::exp(-2.0);
    Tape tape;
    const Tensor p = softmax(x), log_p = log_softmax(x), y = logsumexp(x);
    const Tensor d = tape.gradient(y, x);
    const double offsets[] = {0, 1, -2};
    for (int i = 0; i < 3; ++i) {
      const double expected = std::exp(offsets[i]) / sum;
      CHECK(p.data<float>()[i] == Approx(expected).epsilon(3e-7));
      CHECK(d.data<float>()[i] == Approx(expected).epsilon(3e-7));
      CHECK(log_p.data<float>()[i] == Approx(offsets[i] - std::log(sum)).epsilon(3e-7));
    }
    CHECK(y.item() == Approx(big + std::log(sum)).epsilon(1e-7));
  }
  const Tensor apart = tensor({1e3, -1e3}, float32);
  CHECK(softmax(apart).to_vector<float>() == std::vector<float>{1, 0});
  CHECK(log_softmax(apart).to_vector<float>() == std::vector<float>{0, -2000});
}

TEST_CASE("softmax, log_softmax, logsumexp: nothing, infinities, 0-d") {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(softmax(zeros({0, 3})).shape() == Shape{0, 3});
  CHECK(softmax(zeros({3, 0})).shape() == Shape{3, 0});
  CHECK(log_softmax(zeros({3, 0}), 0).shape() == Shape{3, 0});
  CHECK(logsumexp(zeros({2, 0}), 1).to_vector<float>() == std::vector<float>(2, static_cast<float>(-infinity)));
  CHECK(logsumexp(full({2}, -infinity)).item() == -infinity);
  CHECK(logsumexp(tensor({0, infinity})).item() == infinity);
  {
    const Tensor x = variable(tensor({{-infinity, -infinity}, {-infinity, 0}}, float64));
    Tape tape;
    const std::vector<double> d = tape.gradient(logsumexp(x, 1), x, {.seed = ones({2}, float64)}).to_vector<double>();
    CHECK((std::isnan(d[0]) && std::isnan(d[1])));  // as PyTorch's
    CHECK((d[2] == 0 && d[3] == 1));
  }
  CHECK(logsumexp(tensor(2.5)).item() == 2.5);
  CHECK_THAT(error_of<ShapeError>([] { softmax(tensor(1)); }),
             contains("softmax: axis -1 of float32 (), which has none"));
  const std::string error = error_of<ShapeError>([] { softmax(ones({2, 3}), 2); });
  CHECK(error == "softmax: axis 2 for float32 (2, 3), expected -2 to 1 " + at(__LINE__ - 1));
  CHECK_THAT(error_of<DTypeError>([] { log_softmax(ones({2}, int64)); }),
             contains("log_softmax: argument 1 is int64 (2,)"));
  CHECK_THAT(error_of<ShapeError>([] { logsumexp(ones({2}), {0, 0}); }), contains("logsumexp: axis 0 is named twice"));
}

TEST_CASE("cross_entropy of labels is PyTorch's") {
  const Tensor labels = tensor({2, 0, 3}, int64);
  check_oracle([&](const Tensor& x) { return cross_entropy(x, labels); }, wave({3, 4}), {1.1800618618627288},
               {0.07600783501865407, 0.10691867193391215, -0.23871719029410388, 0.05579068334153767,
                -0.2176396521502589, 0.06872777930417764, 0.06151472850163082, 0.08739714434445048, 0.04246517176606911,
                0.08054829563809991, 0.11217258081965864, -0.23518604822382763});
  check_oracle([&](const Tensor& x) { return cross_entropy(x, labels, Reduction::none); }, wave({3, 4}),
               {1.259314883579453, 1.05819697140808, 1.2226737306006537},
               {0.09745265828131522, 0.13708466761762653, -0.3060687725929514, 0.07153144669400967, 0.16684762966564012,
                -0.0526883173897392, -0.04715862453656419, -0.06700068773933673, -0.10424483422077897,
                -0.19773247996771928, -0.27536476612124805, 0.5773420803097463});
  check_oracle(
      [&](const Tensor& x) {
        return cross_entropy(x, tensor({{0, 2}, {1, 1}}, int64));
      },
      wave({2, 3, 2}), {1.4095940814549175},
      {-0.1543810325689003, 0.14899210706098603, 0.11902849091154859, 0.07774480654385547, 0.0353525416573517,
       -0.22673691360484155, 0.022953851245820153, 0.027638862097408977, -0.18765071242660708, -0.14976914594491336,
       0.16469686118078689, 0.12213028384750436});
  check_oracle([](const Tensor& x) { return cross_entropy(x, tensor(1, int64)); }, wave({4}), {1.1370745202398669},
               {0.22802350505596222, -0.6792439841982636, 0.2838484291176884, 0.167372050024613});
  CHECK(cross_entropy(wave({3, 4}), labels, Reduction::sum).item() == Approx(3.5401855855881865).epsilon(1e-14));
  CHECK(cross_entropy(wave({2, 3, 2}), tensor({{0, 2}, {1, 1}}, int64), Reduction::none).shape() == Shape{2, 2});
}

TEST_CASE("cross_entropy of probabilities is PyTorch's, in both arguments") {
  const Tensor x = variable(wave({2, 3})), t = variable(softmax(wave({2, 3}, 1)));
  Tape tape;
  const Tensor y = cross_entropy(x, t);
  const std::vector<Tensor> d = tape.gradient(y, {x, t});
  CHECK(close(y, {1.1475556124652104}));
  CHECK(close(d[0], {-0.09940722395731691, 0.020347496914914942, 0.07905972704240195, 0.07373504829722355,
                     -0.001547856501247391, -0.0721871917959762}));
  CHECK(close(d[1], {0.6475690938587826, 0.476953072483398, 0.5380732541531912, 0.29470523019828454, 0.637590919121047,
                     0.897987191483031}));
  const Tensor one_hot = tensor({{0, 1, 0}, {1, 0, 0}}, float64);
  CHECK(cross_entropy(x, one_hot).item() == Approx(cross_entropy(x, tensor({1, 0}, int64)).item()).epsilon(1e-15));
}

TEST_CASE("losses: derivatives of order 2 and 3 under every reduction") {
  const Tensor x = random_variable({3, 4}), t = random_variable({3, 4}, 0, 1, float64, 2);
  const Tensor labels = tensor({2, 0, 3}, int64);
  for (const Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none}) {
    check_order_2([=](const Inputs& in) { return cross_entropy(in[0], labels, reduction); }, {x});
    check_order_2([=](const Inputs& in) { return cross_entropy(in[0], in[1], reduction); }, {x, t});
    check_order_2([=](const Inputs& in) { return mse_loss(in[0], in[1], reduction); }, {x, t});
    check_order_2([=](const Inputs& in) { return bce_with_logits(in[0], in[1], reduction); }, {x, t});
    check_order_2([=](const Inputs& in) { return mse_loss(in[0], in[0] * in[0], reduction); }, {x});
  }
  check_order_2(
      [](const Inputs& in) {
        return cross_entropy(in[0], tensor({{0, 2}, {1, 1}}, int64), Reduction::none);
      },
      {random_variable({2, 3, 2})});
  check_order_2([](const Inputs& in) { return cross_entropy(in[0], tensor(1, int64)); }, {random_variable({4})});
  // Of two classes, cross_entropy is bce_with_logits of their difference, and that is softplus for the label 0.
  const double s = 1 / (1 + std::exp(-0.3)), expected = s * (1 - s) * (1 - 2 * s) * 8;
  const auto entropy = [](const Tensor& v) { return cross_entropy(v, tensor(1, int64)); };
  CHECK(third_derivative(entropy, variable(tensor({0.3, 0.0}, float64)), tensor({2, 0}, float64)) == Approx(expected));
  const auto binary = [](const Tensor& v) { return bce_with_logits(v, zeros({1}, float64)); };
  CHECK(third_derivative(binary, variable(tensor({0.3}, float64)), tensor({2}, float64)) == Approx(expected));
}

TEST_CASE("log-type losses are finite at +-1e4") {
  for (const double big : {1e4, -1e4}) {
    const Tensor x = variable(tensor({{big, 0}, {0, big}})), t = tensor({{1, 0}, {0, 1}});
    Tape tape;
    const Tensor entropy = cross_entropy(x, tensor({0, 1}, int64)), of_one_hot = cross_entropy(x, t);
    const Tensor binary = bce_with_logits(x, t, Reduction::sum);
    const double far = big < 0 ? 1e4 : 0;
    CHECK(entropy.item() == far);
    CHECK(of_one_hot.item() == far);
    CHECK(binary.item() == Approx(2 * far + 2 * std::log(2.0)).epsilon(1e-6));
    const float d = big < 0 ? 0.5f : 0.0f;
    CHECK(tape.gradient(entropy, x).to_vector<float>() == std::vector<float>{-d, d, d, -d});
    CHECK(tape.gradient(of_one_hot, x).to_vector<float>() == std::vector<float>{-d, d, d, -d});
    CHECK(tape.gradient(binary, x).to_vector<float>() == std::vector<float>{-2 * d, 0.5f, 0.5f, -2 * d});
  }
  CHECK(bce_with_logits(tensor({20.0}), tensor({1.0})).item() == Approx(std::log1p(std::exp(-20.0))).epsilon(1e-6));
}

TEST_CASE("mse_loss and bce_with_logits are PyTorch's") {
  const Tensor x = variable(wave({2, 3})), t = variable(wave({2, 3}, 1));
  Tape tape;
  const Tensor squares = mse_loss(x, t);
  CHECK(close(squares, {0.36355918155998884}));
  CHECK(close(tape.gradient(squares, x), {-0.11581570773825918, 0.1033288498124364, 0.2738762347385276,
                                          0.31561534703287464, 0.2089156299918257, 0.003959627768855278}));
  const Tensor z = variable(wave({2, 3}) * 3), p = variable(sigmoid(wave({2, 3}, 1)));
  const Tensor binary = bce_with_logits(z, p);
  const std::vector<Tensor> d = tape.gradient(binary, {z, p});
  CHECK(close(binary, {0.905367805216553}));
  CHECK(close(d[0], {0.024021025808202128, 0.04797288952534101, 0.06996623387980512, 0.06339967067191672,
                     -0.0024346641003571237, -0.037377635433868184}));
  CHECK(close(d[1], {-0.3221088436188455, -0.4927248649942301, -0.43160468332443697, -0.16749407507795255,
                     0.17539161384480992, 0.4357878862067939}));
}

TEST_CASE("losses of nothing, and of one number") {
  CHECK(std::isnan(cross_entropy(zeros({0, 3}), zeros({0}, int64)).item()));
  CHECK(cross_entropy(zeros({0, 3}), zeros({0}, int64), Reduction::sum).item() == 0);
  CHECK(cross_entropy(zeros({0, 3}), zeros({0}, int64), Reduction::none).shape() == Shape{0});
  CHECK(mse_loss(zeros({0}), zeros({0}), Reduction::sum).item() == 0);
  CHECK(mse_loss(tensor(3), tensor(1)).item() == 4);
  const Tensor x = variable(zeros({0, 3}));
  Tape tape;
  CHECK(tape.gradient(cross_entropy(x, zeros({0}, int64), Reduction::sum), x).shape() == x.shape());
}

TEST_CASE("losses: errors") {
  const Tensor x = ones({3, 10});
  const std::string error = error_of<ValueError>([&] { cross_entropy(x, tensor({1, 12, 3}, int64)); });
  CHECK(error == "cross_entropy: label 12 at (1,) is outside [0, 10): logits are (3, 10) " + at(__LINE__ - 1));
  CHECK_THAT(error_of<ValueError>([&] {
               cross_entropy(x, tensor({1, 2, 10}, int64));
             }),
             contains("label 10 at (2,) is outside [0, 10)"));
  CHECK_THAT(error_of<ValueError>([&] {
               cross_entropy(ones({2, 3, 2}), tensor({{0, 1}, {-1, 0}}, int64));
             }),
             contains("label -1 at (1, 0) is outside [0, 3)"));
  CHECK_THAT(error_of<ShapeError>([&] {
               cross_entropy(x, tensor({1, 2}, int64));
             }),
             contains("logits are (3, 10), labels are (2,), expected (3,)"));
  CHECK_THAT(error_of<ShapeError>([&] {
               cross_entropy(x, ones({3, 9}));
             }),
             contains("logits are (3, 10), probabilities are (3, 9)"));
  CHECK_THAT(error_of<DTypeError>([&] { cross_entropy(x, ones({3}, boolean)); }), contains("expected int64 labels"));
  CHECK_THAT(error_of<DTypeError>([&] {
               cross_entropy(ones({3, 10}, int64), ones({3}, int64));
             }),
             contains("cross_entropy: "));
  CHECK_THAT(error_of<ShapeError>([&] { cross_entropy(tensor(1), tensor(0, int64)); }), contains("0-d"));
  CHECK_THAT(error_of<ShapeError>([&] { mse_loss(x, ones({10})); }),
             contains("mse_loss: input is (3, 10), target is (10,)"));
  CHECK_THAT(error_of<DTypeError>([&] {
               bce_with_logits(x, ones({3, 10}, float64));
             }),
             contains("bce_with_logits: dtypes differ"));
}

TEST_CASE("cross_entropy: labels changed through an old pointer are refused, not written by") {
  const Tensor x = random_variable({4, 3});
  for (const std::int64_t label : {std::int64_t{100000}, std::int64_t{3}, std::int64_t{-1}}) {
    Tensor labels = tensor({0, 1, 2, 0}, int64);
    auto* const kept = labels.mutable_data<std::int64_t>();
    Tape tape;
    const Tensor loss = cross_entropy(x, labels);
    const int line = __LINE__ - 1;
    kept[2] = label;
    for (const bool create_graph : {false, true}) {
      const std::string error = error_of<GraphError>([&] { tape.gradient(loss, x, {.create_graph = create_graph}); });
      CHECK_THAT(error, contains("cross_entropy: label " + std::to_string(label) + " of row 2 is outside [0, 3)"));
      CHECK_THAT(error, contains(at(line)));
    }
  }
}

// PyTorch 2.13's numbers.
TEST_CASE("binary_cross_entropy of 0 and 1 has a finite derivative") {
  const Tensor p = variable(tensor({0, 1, 0, 1}, float64)), t = tensor({0, 1, 1, 0}, float64);
  Tape tape;
  const Tensor y = binary_cross_entropy(p, t, Reduction::sum);
  CHECK(y.item() == 200);
  CHECK(close(tape.gradient(y, p), {0, 0, -1000000003995.8029, 1000000003995.8029}));
}

}  // namespace
}  // namespace xgrad::tests
