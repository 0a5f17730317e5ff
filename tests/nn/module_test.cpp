#include <catch.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

using namespace xgrad;
using namespace xgrad::tests;

namespace {

// A user's module: two layers, a buffer, a list of children, and an optional part that is not there.
struct Net : nn::Module {
  nn::Linear hidden, out;
  std::vector<nn::Linear> extra;
  nn::Parameter scale, missing;
  Tensor calls = zeros({2}, float32);

  explicit Net(Random& random) : hidden(3, 4, random), out(4, 2, random, {.bias = false}), scale(tensor({1, 1})) {
    extra.emplace_back(2, 2, random);
    extra.emplace_back(2, 2, random);
  }
  Tensor forward(const Operand& x) override { return out(relu(hidden(x))) * scale; }
  void members(nn::Members& m) override {
    m("hidden", hidden);
    m("out", out);
    m("extra", extra);
    m("scale", scale);
    m("missing", missing);
    m("calls", calls);
  }
};

std::vector<std::string> names(const std::vector<nn::NamedTensor>& list) {
  std::vector<std::string> result;
  for (const auto& item : list) result.push_back(item.name);
  return result;
}

Tensor* find(std::vector<nn::NamedTensor>& list, const std::string& name) {
  for (auto& item : list)
    if (item.name == name) return &item.tensor;
  return nullptr;
}

}  // namespace

TEST_CASE("a module's parameters have dotted names, in the order of members()") {
  Random random(1);
  Net net(random);
  CHECK(names(net.named_parameters()) == std::vector<std::string>{"hidden.weight", "hidden.bias", "out.weight",
                                                                  "extra.0.weight", "extra.0.bias", "extra.1.weight",
                                                                  "extra.1.bias", "scale"});
  CHECK(names(net.state()).back() == "calls");
  CHECK(net.parameters().size() == 8);
  CHECK(net.parameter_count() == 12 + 4 + 8 + 2 * (4 + 2) + 2);
}

TEST_CASE("parameters() are handles: what changes them changes the module") {
  Random random(1);
  Net net(random);
  net.parameters()[7].assign(tensor({3, 5}));
  CHECK(net.scale.to_vector<float>() == std::vector<float>{3, 5});
  CHECK(net.parameters()[7].requires_grad());
}

TEST_CASE("a copied module has parameters of its own") {
  Random random(1);
  Net net(random);
  const Tensor x = tensor({{1, 2, 3}});
  const std::vector<float> before = net(x).to_vector<float>();
  Net copy = net;
  net.hidden.weight.assign(zeros({4, 3}));
  net.extra[0].weight.assign(zeros({2, 2}));
  CHECK(copy(x).to_vector<float>() == before);
  CHECK(copy.extra[0].weight.to_vector<float>() != std::vector<float>(4, 0));
  CHECK(copy.hidden.weight.is_leaf());
  CHECK_FALSE(copy.missing.defined());

  {
    Tape tape;
    sum(copy(x)).backward();
  }
  CHECK(copy.hidden.weight.grad().defined());
  CHECK_FALSE(net.hidden.weight.grad().defined());
  const Net with_grad = copy;
  CHECK_FALSE(with_grad.hidden.weight.grad().defined());
}

TEST_CASE("assigning a module of the same shape keeps its leaves, so that an optimizer goes on training it") {
  Random random(1);
  Net net(random), other(random);
  Tensor handle = net.hidden.weight;
  net = other;
  CHECK(handle.to_vector<float>() == other.hidden.weight.to_vector<float>());
  handle.assign(zeros({4, 3}));
  CHECK(net.hidden.weight.to_vector<float>() == std::vector<float>(12, 0));
  CHECK(other.hidden.weight.to_vector<float>() != std::vector<float>(12, 0));

  handle.set_grad(zeros({4, 3}));
  net = other;  // the old gradient is not that of the new elements
  CHECK_FALSE(handle.grad().defined());

  nn::Parameter a(tensor({1, 2})), b(tensor({1, 2, 3}));
  a = b;
  CHECK(a.to_vector<float>() == std::vector<float>{1, 2, 3});
  a.assign(zeros({3}));
  CHECK(b.to_vector<float>() == std::vector<float>{1, 2, 3});
  a = nn::Parameter();
  CHECK_FALSE(a.defined());
}

TEST_CASE("a parameter is a leaf of its own, whatever it was made from") {
  Tensor source = tensor({1, 2});
  nn::Parameter p(source);
  CHECK(p.requires_grad());
  CHECK_FALSE(source.requires_grad());
  p.assign(tensor({5, 6}));
  CHECK(source.to_vector<float>() == std::vector<float>{1, 2});
  CHECK_THROWS_AS(nn::Parameter(zeros({2}, int64)), DTypeError);
}

TEST_CASE("train and eval reach every child") {
  Random random(1);
  Net net(random);
  CHECK(net.training());
  net.eval();
  CHECK_FALSE(net.training());
  CHECK_FALSE(net.hidden.training());
  CHECK_FALSE(net.extra[1].training());
  net.train();
  CHECK(net.extra[1].training());
}

TEST_CASE("a module moves between dtypes") {
  Random random(1);
  Net net(random);
  const std::vector<float> before = net.hidden.weight.to_vector<float>();
  net.to(float64);
  for (const auto& item : net.state()) {
    INFO(item.name);
    CHECK(item.tensor.dtype() == float64);
  }
  CHECK(net.hidden.weight.is_leaf());
  CHECK(net.hidden.weight.to_vector<double>() == std::vector<double>(before.begin(), before.end()));
  CHECK(net(tensor({{1, 2, 3}}, float64)).dtype() == float64);
  net.to(float32);
  CHECK(net.hidden.weight.to_vector<float>() == before);
  CHECK_THROWS_AS(net.to(int64), DTypeError);
}

TEST_CASE("zero_grad forgets the gradients of all parameters") {
  Random random(1);
  Net net(random);
  {
    Tape tape;
    sum(net(tensor({{1, 2, 3}}))).backward();
  }
  CHECK(net.out.weight.grad().defined());
  net.zero_grad();
  for (const Tensor& parameter : net.parameters()) CHECK_FALSE(parameter.grad().defined());
}

TEST_CASE("state is loaded by name, whole or not at all") {
  Random random(1);
  Net net(random), other(random);
  net.calls.assign(tensor({4, 5}));
  const Tensor x = tensor({{1, 2, 3}});
  other.load_state(net.state());
  CHECK(other(x).to_vector<float>() == net(x).to_vector<float>());
  CHECK(other.calls.to_vector<float>() == std::vector<float>{4, 5});

  auto state = Net(random).state();
  const std::vector<float> before = other(x).to_vector<float>();
  const auto refuse = [&](const std::vector<nn::NamedTensor>& bad, auto error, const std::string& part) {
    try {
      other.load_state(bad);
      FAIL("it was taken");
    } catch (const decltype(error)& e) {
      CHECK_THAT(e.what(), contains(part));
      CHECK_THAT(e.what(), contains("module_test.cpp:"));
    }
    CHECK(other(x).to_vector<float>() == before);
  };
  auto missing = state;
  missing.erase(missing.begin() + 2);
  refuse(missing, ValueError(""), "the state has no 'out.weight'");
  auto unknown = state;
  unknown.push_back({"more", zeros({1})});
  refuse(unknown, ValueError(""), "the module has no 'more'");
  auto shape = state;
  *find(shape, "calls") = zeros({3});
  refuse(shape, ShapeError(""), "'calls' is (2,) in the module and (3,) in the state");
  auto dtype = state;
  *find(dtype, "calls") = zeros({2}, float64);
  refuse(dtype, DTypeError(""), "'calls' is float32 in the module and float64 in the state");
  auto twice = state;
  twice.push_back(twice[0]);
  refuse(twice, ValueError(""), "'hidden.weight' comes twice");
  const Tape tape;
  other.calls = other.calls + sum(other.scale);
  refuse(state, GraphError(""), "'calls' was recorded on a tape");
}

TEST_CASE("what does not fit is told all at once, with the nearest names") {
  Random random(1);
  Net net(random);
  const std::vector<float> before = net.calls.to_vector<float>();
  auto state = Net(random).state();
  *find(state, "calls") = zeros({3});
  for (auto& [name, tensor] : state)
    if (name == "hidden.weight") name = "hiden.weight";
  state.push_back({"calls2", zeros({2})});
  state.push_back({"something_else_altogether", zeros({2})});
  const nn::StateReport report = nn::compare_states(net.state(), state);
  REQUIRE(report.missing.size() == 1);
  CHECK((report.missing[0].name == "hidden.weight" && report.missing[0].nearest == "hiden.weight"));
  REQUIRE(report.unexpected.size() == 3);
  CHECK((report.unexpected[0].name == "hiden.weight" && report.unexpected[0].nearest == "hidden.weight"));
  CHECK(report.unexpected[2].nearest.empty());
  REQUIRE(report.misfits.size() == 1);
  CHECK((report.misfits[0].name == "calls" && report.misfits[0].nearest == "calls2"));
  CHECK(to_string(report) ==
        "the state has no 'hidden.weight' (nearest: 'hiden.weight'); the module has no 'hiden.weight' (nearest: "
        "'hidden.weight'), 'calls2', 'something_else_altogether'; 'calls' is (2,) in the module and (3,) in the state "
        "(nearest: 'calls2')");
  CHECK_THROWS_AS(net.load_state(state), ValueError);
  CHECK_THROWS_AS(net.load_state(state, false), ShapeError);
  CHECK(net.calls.to_vector<float>() == before);

  *find(state, "calls") = tensor({8, 9});
  const nn::StateReport loaded = net.load_state(state, false);
  CHECK((loaded.missing.size() == 1 && loaded.unexpected.size() == 3 && loaded.misfits.empty() && !loaded.fits()));
  CHECK(net.calls.to_vector<float>() == std::vector<float>{8, 9});
  CHECK(net.load_state(net.state()).fits());
}

TEST_CASE("names of parts are checked") {
  struct Bad : nn::Module {
    std::string first, second;
    nn::Parameter a{tensor({1})}, b{tensor({1})};
    void members(nn::Members& m) override {
      m(first, a);
      m(second, b);
    }
  };
  Bad bad;
  for (const auto& [first, second] : {std::pair{"w", "w"}, {"", "w"}, {"a.b", "w"}}) {
    bad.first = first;
    bad.second = second;
    CHECK_THROWS_AS(bad.parameters(), ValueError);
  }
  CHECK_THROWS_AS(bad(tensor({1})), ValueError);  // it has no forward()
}
