#include <xgrad/nn/io/internal/onnx.hpp>

#include <algorithm>

#include <xgrad/nn/io/internal/elements.hpp>

namespace xgrad::nn::detail {
namespace {

Message attribute_of(const OnnxGraph::Attribute& attribute) {
  constexpr std::int64_t is_float = 1, is_int = 2, is_ints = 7;
  Message m;
  m.text(1, attribute.name);
  if (const auto* number = std::get_if<double>(&attribute.value)) {
    m.single(2, static_cast<float>(*number));
    m.integer(20, is_float);
  } else if (const auto* integer = std::get_if<std::int64_t>(&attribute.value)) {
    m.integer(3, *integer);
    m.integer(20, is_int);
  } else {
    for (const std::int64_t each : std::get<std::vector<std::int64_t>>(attribute.value)) m.integer(8, each);
    m.integer(20, is_ints);
  }
  return m;
}

Message tensor_of(const std::string& name, const Tensor& t, Site site) {
  Message m;
  for (const std::int64_t extent : t.shape()) m.integer(1, extent);
  m.integer(2, onnx_type(t.dtype()));
  m.text(8, name);
  m.text(9, {static_cast<const char*>(bytes_of(t, site)), byte_count(t)});
  return m;
}

Message value_of(const OnnxGraph::Value& value) {
  Message shape;
  for (std::size_t axis = 0; axis < value.extents.size(); ++axis) {
    Message extent;
    if (value.extents[axis] >= 0) extent.integer(1, value.extents[axis]);
    else if (axis == 0 && value.is_batch) extent.text(2, "batch");
    shape.message(1, extent);
  }
  Message tensor, type, m;
  tensor.integer(1, onnx_type(value.dtype));
  tensor.message(2, shape);
  type.message(1, tensor);
  m.text(1, value.name);
  m.message(2, type);
  return m;
}

}  // namespace

std::int64_t onnx_type(DType dtype) noexcept {
  switch (dtype) {
    case DType::float32: return 1;
    case DType::int64: return 7;
    case DType::boolean: return 9;
    case DType::float64: break;
  }
  return 11;
}

OnnxGraph::OnnxGraph(std::vector<NamedTensor> state, std::set<std::string> taken, Site site)
    : site_(site), taken_(std::move(taken)), state_(std::move(state)) {
  for (const NamedTensor& item : state_) {
    taken_.insert(item.name);
    if (item.tensor.size() > 0) named_.emplace(bytes_of(item.tensor, site), &item);
  }
}

std::string OnnxGraph::unused(std::string stem) {
  int& number = numbers_[stem];
  std::string name;
  do name = stem + "_" + std::to_string(++number);
  while (!taken_.insert(name).second);
  return name;
}

std::string OnnxGraph::node(const std::string& type, std::vector<std::string> inputs,
                            std::vector<Attribute> attributes) {
  nodes_.push_back({type, unused(type), std::move(inputs), std::move(attributes)});
  return nodes_.back().output;
}

std::string OnnxGraph::constant(const Tensor& t) {
  if (const auto named = named_.find(bytes_of(t, site_)); named != named_.end()) {
    const auto& [name, tensor] = *named->second;
    constants_.emplace(name, tensor);
    if (tensor.shape() == t.shape()) return name;
    return node("Reshape", {name, constant({t.shape().begin(), t.shape().end()})});
  }
  const std::string name = unused("constant");
  constants_.emplace(name, t);
  return name;
}

std::string OnnxGraph::constant(const std::vector<std::int64_t>& numbers) {
  return constant(from_vector(numbers, {numbers.size()}));
}

Message OnnxGraph::model(const std::string& name, const Value& input, const Value& output, std::string result) const {
  std::vector<Node> nodes = nodes_;
  if (std::none_of(nodes.begin(), nodes.end(), [&](const Node& n) { return n.output == result; })) {
    nodes.push_back({"Identity", output.name, {result}, {}});
    result = output.name;
  }
  std::set<std::string> needed{result};
  std::vector<const Node*> kept;
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node)
    if (needed.contains(node->output)) {
      kept.push_back(&*node);
      needed.insert(node->inputs.begin(), node->inputs.end());
    }
  std::reverse(kept.begin(), kept.end());

  const auto renamed = [&](const std::string& value) -> const std::string& {
    return value == result ? output.name : value;
  };
  Message graph;
  for (const Node* node : kept) {
    Message m;
    for (const std::string& in : node->inputs) m.text(1, renamed(in));
    m.text(2, renamed(node->output));
    m.text(3, node->output);
    m.text(4, node->type);
    for (const Attribute& attribute : node->attributes) m.message(5, attribute_of(attribute));
    graph.message(1, m);
  }
  graph.text(2, name);
  for (const auto& [constant, t] : constants_)
    if (needed.contains(constant)) graph.message(5, tensor_of(constant, t, site_));
  graph.message(11, value_of(input));
  graph.message(12, value_of(output));

  Message operations, model;
  operations.text(1, "");
  operations.integer(2, 17);
  model.integer(1, 8);
  model.text(2, "xgrad");
  model.message(7, graph);
  model.message(8, operations);
  return model;
}

}  // namespace xgrad::nn::detail
