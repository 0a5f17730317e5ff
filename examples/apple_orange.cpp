// What does shopping cost, and how does the price move when something about it does? The computational graphs of
// chapter 5 of "Deep Learning from Scratch" (K. Saitoh, 2016): values flow forward, derivatives flow back.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <xgrad/xgrad.hpp>

#include "common/program.hpp"

namespace {

using xgrad::Tape;
using xgrad::Tensor;

/// One node of a graph: what it is called, how it is computed, its value, and how the price depends on it.
struct Node {
  std::string name;
  std::string formula;  // empty for what is given
  Tensor value;
  double derivative = 0;
};

struct Graph {
  std::string question;
  std::vector<Node> nodes;  // in the order of computation, the price last
};

/// A number to differentiate by, in double precision.
Tensor given(double value) { return xgrad::variable(value, xgrad::float64); }

/// d(price) / d(node) for every node, intermediate values too: one sweep back over the tape.
void differentiate(Tape& tape, Graph& graph) {
  std::vector<Tensor> values;
  for (const Node& node : graph.nodes) values.push_back(node.value);
  const std::vector<Tensor> derivatives = tape.gradient(values.back(), values);
  for (std::size_t i = 0; i < values.size(); ++i) graph.nodes[i].derivative = derivatives[i].item();
}

Graph apples() {
  Tape tape;  // from here on, operations are recorded

  const Tensor apple = given(100);
  const Tensor apple_num = given(2);
  const Tensor tax = given(1.1);

  const Tensor apple_price = apple * apple_num;
  const Tensor price = apple_price * tax;

  Graph graph{"What do 2 apples cost?",
              {{"apple", "", apple},
               {"apple_num", "", apple_num},
               {"tax", "", tax},
               {"apple_price", "apple * apple_num", apple_price},
               {"price", "apple_price * tax", price}}};
  differentiate(tape, graph);
  return graph;
}

Graph apples_and_oranges() {
  Tape tape;

  const Tensor apple_num = given(2);
  const Tensor apple = given(100);
  const Tensor orange = given(150);
  const Tensor orange_num = given(3);
  const Tensor tax = given(1.1);

  const Tensor apple_price = apple_num * apple;
  const Tensor orange_price = orange * orange_num;
  const Tensor all_price = apple_price + orange_price;
  const Tensor price = all_price * tax;

  Graph graph{"What do 2 apples and 3 oranges cost?",
              {{"apple_num", "", apple_num},
               {"apple", "", apple},
               {"orange", "", orange},
               {"orange_num", "", orange_num},
               {"tax", "", tax},
               {"apple_price", "apple_num * apple", apple_price},
               {"orange_price", "orange * orange_num", orange_price},
               {"all_price", "apple_price + orange_price", all_price},
               {"price", "all_price * tax", price}}};
  differentiate(tape, graph);
  return graph;
}

void print(const Graph& graph) {
  fmt::print("{}\n\n  {:<44} {:>8}  {:>14}\n", graph.question, "", "value", "d price / d it");
  for (const Node& node : graph.nodes) {
    const std::string left = node.formula.empty() ? node.name : fmt::format("{:<12} = {}", node.name, node.formula);
    fmt::print("  {:<44} {:>8.10g}  {:>14.10g}\n", left, node.value.item(), node.derivative);
  }
  fmt::print("\n");
}

nlohmann::ordered_json to_json(const Graph& graph) {
  nlohmann::ordered_json nodes;
  for (const Node& node : graph.nodes) {
    nodes[node.name] = {{"value", node.value.item()}, {"derivative", node.derivative}};
    if (!node.formula.empty()) nodes[node.name]["formula"] = node.formula;
  }
  return nodes;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The price of apples and oranges with its derivatives: chapter 5 of \"Deep Learning from Scratch\".",
               "apple_orange");
  bool json = false;
  app.add_flag("--json", json, "Print the values and derivatives as JSON");
  return xgrad::examples::run(app, argc, argv, [&] {
    const Graph apple_case = apples(), both_case = apples_and_oranges();
    if (json) {
      const nlohmann::ordered_json all = {{"apple", to_json(apple_case)}, {"apple_orange", to_json(both_case)}};
      fmt::print("{}\n", all.dump(2));
    } else {
      print(apple_case);
      print(both_case);
    }
  });
}
