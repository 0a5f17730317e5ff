#include <xgrad/gradcheck_catch.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include <catch.hpp>

using namespace xgrad;
using namespace xgrad::tests;

namespace {

struct Net : nn::Module {
  nn::Linear hidden, out;
  Random noise{4};
  bool cut = false, drop = false, reshape_calls = false;
  Tensor calls = zeros({1}, float64);

  explicit Net(Random random) : hidden(3, 4, random), out(4, 2, random) { to(float64); }
  Tensor forward(const Operand& x) override {
    calls = calls + 1.0;
    const Tensor h = dropout(tanh(hidden(x)), 0.5, noise, drop && training());
    if (reshape_calls) calls = sum(calls);
    return cut ? linear(h, out.weight.detach(), out.bias) : out(h);
  }
  void members(nn::Members& m) override {
    m("hidden", hidden);
    m("out", out);
    m("calls", calls);
  }
};

}  // namespace

TEST_CASE("gradcheck of a module names its parameters") {
  Net net(Random(1));
  Random random(2);
  const Tensor x = variable(uniform(random, {5, 3}, -1, 1, float64));
  CHECK_THAT(nn::gradcheck(net, x, {.order = 2}), is_right_derivative());
  CHECK_THAT(nn::gradcheck(net, x.detach()), is_right_derivative());
  CHECK(net.calls.item() == 0);

  net.cut = true;
  const GradcheckReport report = nn::gradcheck(net, x);
  CHECK_FALSE(report.ok);
  CHECK(report.name == "out.weight");
  CHECK(report.cause == GradcheckCause::cut_off);
  CHECK_THAT(report.text, contains("float64 (2, 4)") && contains("\"out.weight\"") && contains("no gradient passes"));
}

TEST_CASE("gradcheck of a module that draws random numbers") {
  Net net(Random(1));
  net.drop = true;
  const Tensor x = ones({5, 3}, float64);
  CHECK(nn::gradcheck(net, x).cause == GradcheckCause::nondeterministic);
  net.eval();
  CHECK(nn::gradcheck(net, x));
  net.to(float32);
  CHECK_THAT(
      [&] {
        try {
          nn::gradcheck(net, x);
        } catch (const Error& error) {
          return std::string(error.what());
        }
        return std::string();
      }(),
      contains("float32") && contains("gradcheck_test.cpp"));
}

TEST_CASE("gradcheck of a module whose buffer changes its shape is an error") {
  Net net(Random(1));
  net.reshape_calls = true;
  CHECK_THROWS_WITH(nn::gradcheck(net, ones({5, 3}, float64)), contains("'calls' is ()") && contains("(1,)"));
}
