#pragma once
// Private to nn/io: an ONNX graph as it comes together, and which of its nodes an operation is.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <xgrad/engine/observe.hpp>
#include <xgrad/nn/io/internal/protobuf.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::nn::detail {

/// -1: an extent that changes with that of the batch.
using Extents = std::vector<std::int64_t>;

class OnnxGraph {
 public:
  struct Attribute {
    const char* name;
    std::variant<std::int64_t, double, std::vector<std::int64_t>> value;
  };
  struct Value {
    std::string name;
    DType dtype;
    Extents extents;
    bool is_batch;  // axis 0
  };

  /// `state` names tensors; `taken` are names that no other value may have.
  OnnxGraph(std::vector<NamedTensor> state, std::set<std::string> taken, Site site);

  /// A node of one output, whose name is returned.
  std::string node(const std::string& type, std::vector<std::string> inputs, std::vector<Attribute> attributes = {});
  /// The name of a tensor that is always the same.
  std::string constant(const Tensor& t);
  std::string constant(const std::vector<std::int64_t>& numbers);
  /// Only what the output needs.
  Message model(const std::string& name, const Value& input, const Value& output, std::string result) const;

 private:
  struct Node {
    std::string type, output;
    std::vector<std::string> inputs;
    std::vector<Attribute> attributes;
  };
  std::string unused(std::string stem);

  Site site_;
  std::set<std::string> taken_;
  std::map<std::string, int> numbers_;  // of values with a stem
  std::vector<Node> nodes_;
  std::vector<NamedTensor> state_;
  std::map<const void*, const NamedTensor*> named_;  // by where the elements are
  std::map<std::string, Tensor> constants_;
};

/// ONNX's number for a dtype.
std::int64_t onnx_type(DType dtype) noexcept;

/// An operation to be written.
struct OnnxCall {
  OnnxGraph& graph;
  const Operation& op;
  std::vector<std::string> in;   // empty: left out
  std::vector<Extents> extents;  // of the inputs
  Extents out;

  std::string node(const std::string& type, std::vector<std::string> inputs,
                   std::vector<OnnxGraph::Attribute> attributes = {}) {
    return graph.node(type, std::move(inputs), std::move(attributes));
  }
  /// A number of the output's dtype.
  std::string number(double value) { return graph.constant(full({}, value, op.output.dtype())); }
  std::vector<std::int64_t> integers(const char* setting) const;
};
/// The name of the result; nothing where ONNX has no counterpart.
std::optional<std::string> write_operation(OnnxCall& call);

}  // namespace xgrad::nn::detail
