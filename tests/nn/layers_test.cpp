// Every layer against PyTorch's: names of the state, values, gradients, and buffers afterwards. layers.py wrote the
// file.
#include <cmath>
#include <map>
#include <set>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "catch.hpp"
#include "layers_table.hpp"
#include "tensors.hpp"

using namespace xgrad;
using namespace xgrad::tests;

namespace {

struct Case {
  std::map<std::string, Tensor> tensors;
  std::vector<nn::NamedTensor> state;

  TensorList numbered(const std::string& kind) const {
    TensorList list;
    for (auto at = tensors.begin(); at != tensors.end();) {
      at = tensors.find(kind + "." + std::to_string(list.size()));
      if (at == tensors.end()) break;
      list.push_back(at->second);
    }
    return list;
  }
};

std::map<std::string, Case> read_cases() {
  std::map<std::string, Case> cases;
  for (auto& [name, tensor] : nn::load_safetensors(XGRAD_SOURCES "/tests/nn/layers.safetensors")) {
    const std::size_t bar = name.find('|');
    Case& found = cases[name.substr(0, bar)];
    const std::string key = name.substr(bar + 1);
    if (key.starts_with("state.")) found.state.push_back({key.substr(6), tensor});
    found.tensors[key] = tensor;
  }
  return cases;
}

std::vector<LayerRow> all_rows() {
  std::vector<LayerRow> rows = layer_table();
  for (LayerRow& row : sequence_table()) rows.push_back(std::move(row));
  return rows;
}

double worst = 0;  // of all that was compared

void check_equal(const std::string& what, const Tensor& got, const Tensor& expected) {
  INFO(what);
  REQUIRE(got.defined());
  REQUIRE(got.dtype() == expected.dtype());
  REQUIRE(got.shape() == expected.shape());
  const Tensor a = to(got.detach(), float64), b = to(expected, float64);
  double most = 0;
  const std::vector<double> x = a.to_vector<double>(), y = b.to_vector<double>();
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double difference = std::fabs(x[i] - y[i]) / std::max(1.0, std::fabs(y[i]));
    most = difference <= most ? most : difference;  // nan is the most
  }
  CHECK(most <= 1e-9);
  worst = most <= worst ? worst : most;
}

/// The inputs, of which the floating ones are variables.
TensorList inputs_of(const Case& of) {
  TensorList in = of.numbered("in");
  for (Tensor& t : in)
    if (t.dtype() == float64) t = variable(t);
  return in;
}

/// 20 steps that bring the outputs closer to the seeds.
void check_steps(LayerRow& row, const Case& expected) {
  nn::Module& module = *row.module;
  module.load_state(expected.state);
  nn::SGD optimizer(module.parameters(), {.lr = 0.05, .momentum = 0.9});
  const TensorList in = expected.numbered("in"), seeds = expected.numbered("seed");
  for (int step = 0; step < 20; ++step) {
    const Tape tape;
    const TensorList outputs = row.outputs(module, in);
    Tensor loss = tensor(0, float64);
    for (std::size_t i = 0; i < outputs.size(); ++i) loss = loss + mse_loss(outputs[i], seeds[i]) / 2;
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  for (const auto& t : module.state())
    if (t.tensor.dtype() == float64) check_equal("moved." + t.name, t.tensor, expected.tensors.at("moved." + t.name));
}

}  // namespace

TEST_CASE("layers are PyTorch's: names, values, gradients and buffers") {
  auto cases = read_cases();
  for (LayerRow& row : all_rows()) {
    INFO(row.name);
    REQUIRE(cases.count(row.name) == 1);
    const Case& expected = cases.at(row.name);
    nn::Module& module = *row.module;

    std::vector<std::string> names, keys;
    for (const auto& item : module.state()) names.push_back(item.name);
    for (const auto& item : expected.state) keys.push_back(item.name);
    CHECK(names == keys);
    module.load_state(expected.state);

    const TensorList in = inputs_of(expected), seeds = expected.numbered("seed"), values = expected.numbered("out");
    {
      const Tape tape;
      const TensorList outputs = row.outputs(module, in);
      REQUIRE(outputs.size() == values.size());
      Tensor loss = tensor(0, float64);
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        check_equal("out." + std::to_string(i), outputs[i], values[i]);
        loss = loss + sum(outputs[i] * seeds[i]);
      }
      if (loss.requires_grad()) loss.backward();
    }
    for (std::size_t i = 0; i < in.size(); ++i)
      if (const auto grad = expected.tensors.find("grad.in." + std::to_string(i)); grad != expected.tensors.end())
        check_equal(grad->first, in[i].grad(), grad->second);
    for (const auto& p : module.named_parameters())
      check_equal("grad." + p.name, p.tensor.grad(), expected.tensors.at("grad." + p.name));
    for (const auto& t : module.state())
      if (const auto after = expected.tensors.find("after." + t.name); after != expected.tensors.end())
        check_equal(after->first, t.tensor, after->second);
    if (!module.parameters().empty()) check_steps(row, expected);
    cases.erase(row.name);
  }
  for (const auto& [name, unused] : cases) {
    INFO(name);
    CHECK(name == "a layer of the table");
  }
  WARN("largest difference " << worst);
}

TEST_CASE("the derivatives of layers are those of their values") {
  auto cases = read_cases();
  for (LayerRow& row : all_rows()) {
    INFO(row.name);
    const Case& of = cases.at(row.name);
    if (row.name.starts_with("embedding ") && row.name != "embedding number") continue;  // the options change it
    if (row.name.find("average") != row.name.npos || row.name.find("changing") != row.name.npos)
      continue;  // another function each time
    row.module->load_state(of.state);
    const TensorList in = inputs_of(of);
    std::vector<Tensor> variables;
    for (const Tensor& t : in)
      if (t.requires_grad()) variables.push_back(t);
    for (const Tensor& p : row.module->parameters()) variables.push_back(p);
    const auto f = [&](const std::vector<Tensor>&) {
      Tensor total = tensor(0, float64);
      for (const Tensor& y : row.outputs(*row.module, in)) total = total + sum(y * random_tensor(y.shape()));
      return total;
    };
    const GradcheckReport report = gradcheck(f, variables, {.order = 2});
    INFO(report.text);
    CHECK(report.ok);
  }
}

TEST_CASE("a copied layer has parameters, buffers and streams of its own") {
  auto cases = read_cases();
  for (LayerRow& row : all_rows()) {
    INFO(row.name);
    const Case& of = cases.at(row.name);
    row.module->load_state(of.state);
    const TensorList in = inputs_of(of);
    nn::AnyModule copy = row.module;
    CHECK(copy->training() == row.module->training());
    std::set<const void*> elements;
    for (const nn::Module* m : {&*row.module, &*copy})
      for (const auto& t : m->state())
        if (t.tensor.dtype() == float64) CHECK(elements.insert(t.tensor.data<double>()).second);
    const TensorList before = row.outputs(*copy, in);  // changes the copy's buffers
    for (std::size_t i = 0; i < of.state.size(); ++i)
      CHECK(same_bits(row.module->state()[i].tensor, of.state[i].tensor));
    for (Tensor p : row.module->parameters()) nn::zeros_(p);
    copy->load_state(of.state);
    const TensorList after = row.outputs(*copy, in);
    for (std::size_t i = 0; i < before.size(); ++i) CHECK(same_bits(before[i], after[i]));
    row.module = copy;
    CHECK(row.module->state().size() == of.state.size());
  }
}
