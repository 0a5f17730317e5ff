// What each operation is in ONNX, opset 17.
#include <algorithm>
#include <functional>
#include <string_view>

#include <xgrad/nn/io/internal/onnx.hpp>

namespace xgrad::nn::detail {
namespace {

using Attributes = std::vector<OnnxGraph::Attribute>;
using Integers = std::vector<std::int64_t>;
using Written = std::optional<std::string>;

/// Of the same name but for capitals, and of the same inputs.
const std::map<std::string_view, const char*> same = {
    {"add", "Add"},         {"sub", "Sub"},
    {"mul", "Mul"},         {"div", "Div"},
    {"pow", "Pow"},         {"neg", "Neg"},
    {"exp", "Exp"},         {"log", "Log"},
    {"sqrt", "Sqrt"},       {"abs", "Abs"},
    {"sign", "Sign"},       {"reciprocal", "Reciprocal"},
    {"floor", "Floor"},     {"ceil", "Ceil"},
    {"round", "Round"},     {"sigmoid", "Sigmoid"},
    {"tanh", "Tanh"},       {"relu", "Relu"},
    {"erf", "Erf"},         {"softsign", "Softsign"},
    {"selu", "Selu"},       {"hardswish", "HardSwish"},
    {"sin", "Sin"},         {"cos", "Cos"},
    {"tan", "Tan"},         {"asin", "Asin"},
    {"acos", "Acos"},       {"atan", "Atan"},
    {"sinh", "Sinh"},       {"cosh", "Cosh"},
    {"asinh", "Asinh"},     {"acosh", "Acosh"},
    {"atanh", "Atanh"},     {"minimum", "Min"},
    {"maximum", "Max"},     {"where", "Where"},
    {"greater", "Greater"}, {"greater_equal", "GreaterOrEqual"},
    {"less", "Less"},       {"less_equal", "LessOrEqual"},
    {"equal", "Equal"},     {"isnan", "IsNaN"},
    {"isinf", "IsInf"},     {"logical_and", "And"},
    {"logical_or", "Or"},   {"logical_xor", "Xor"},
    {"logical_not", "Not"},
};

double number_of(const Tensor& t) { return t.item(); }

std::string dense(OnnxCall& c, bool transposed) {
  const bool bias = c.in.size() > 2;
  std::vector<std::string> inputs = c.in;
  if (!transposed && c.extents[0].size() > 2) inputs[0] = c.node("Flatten", {c.in[0]}, {{"axis", std::int64_t{1}}});
  else if (c.extents[0].size() != 2) {
    const std::string weight = transposed ? c.node("Transpose", {c.in[1]}, {{"perm", Integers{1, 0}}}) : c.in[1];
    const std::string product = c.node("MatMul", {c.in[0], weight});
    return bias ? c.node("Add", {product, c.in[2]}) : product;
  }
  return c.node("Gemm", inputs, {{"transB", std::int64_t{transposed}}});
}

std::string matmul(OnnxCall& c) {
  const Integers transposed = c.integers("transposed");
  std::vector<std::string> inputs = c.in;
  for (std::size_t i = 0; i < 2; ++i) {
    if (!transposed[i]) continue;
    Integers order;
    const auto rank = std::ssize(c.extents[i]);
    for (std::int64_t axis = 0; axis < rank; ++axis) order.push_back(axis < rank - 2 ? axis : 2 * rank - 3 - axis);
    inputs[i] = c.node("Transpose", {c.in[i]}, {{"perm", order}});
  }
  return c.node("MatMul", inputs);
}

/// The last `count` of a setting for rows and columns; twice over for pads, before and after.
Integers along(const OnnxCall& c, const char* name, std::size_t count, bool twice = false) {
  Integers numbers = c.integers(name);
  numbers.erase(numbers.begin(), numbers.end() - static_cast<std::ptrdiff_t>(count));
  for (std::size_t i = 0; twice && i < count; ++i) numbers.push_back(numbers[i]);
  return numbers;
}

Written conv(OnnxCall& c, const char* type) {
  const Extents& weight = c.extents[1];
  const std::size_t axes = weight.size() - 2;
  if (c.extents[0].size() != weight.size()) return {};
  Attributes attributes = {{"kernel_shape", Integers(weight.begin() + 2, weight.end())},
                           {"strides", along(c, "stride", axes)},
                           {"pads", along(c, "padding", axes, true)},
                           {"dilations", along(c, "dilation", axes)},
                           {"group", c.integers("groups")[0]}};
  if (std::string_view(type) == "ConvTranspose")
    attributes.push_back({"output_padding", along(c, "output_padding", axes)});
  return c.node(type, c.in, attributes);
}

Written pool(OnnxCall& c, std::size_t axes, bool largest) {
  if (c.extents[0].size() != axes + 2) return {};
  Attributes attributes = {{"kernel_shape", along(c, "kernel", axes)},
                           {"strides", along(c, "stride", axes)},
                           {"pads", along(c, "padding", axes, true)}};
  if (largest) attributes.push_back({"dilations", along(c, "dilation", axes)});
  else attributes.push_back({"count_include_pad", c.integers("count_include_pad")[0]});
  return c.node(largest ? "MaxPool" : "AveragePool", c.in, attributes);
}

Written batch_norm(OnnxCall& c) {
  if (c.op["training"][0] != 0) return {};  // the batch's own mean and variance
  const Shape channels = c.op.inputs[3].shape();
  const DType dtype = c.op.output.dtype();
  if (c.in[1].empty()) c.in[1] = c.graph.constant(ones(channels, dtype));
  if (c.in[2].empty()) c.in[2] = c.graph.constant(zeros(channels, dtype));
  return c.node("BatchNormalization", c.in, {{"epsilon", c.op["eps"][0]}});
}

std::string layer_norm(OnnxCall& c) {
  const int axes = static_cast<int>(c.op["axes"][0]), rank = c.op.output.rank();
  std::vector<std::string> inputs = c.in;
  if (c.op["weight"][0] == 0)
    inputs.insert(inputs.begin() + 1,
                  c.graph.constant(ones(Shape(c.op.output.shape().begin() + rank - axes, axes), c.op.output.dtype())));
  return c.node("LayerNormalization", inputs, {{"axis", -std::int64_t{axes}}, {"epsilon", c.op["eps"][0]}});
}

/// To c.out, in which one extent may be open.
Written reshape(OnnxCall& c, const std::string& x) {
  if (std::count(c.out.begin(), c.out.end(), -1) > 1) return {};
  return c.node("Reshape", {x, c.graph.constant(c.out)});
}

Written view(OnnxCall& c) {
  const auto has = [&](std::string_view name) {
    return std::any_of(c.op.settings.begin(), c.op.settings.end(), [&](const Setting& s) { return name == s.name; });
  };
  if (has("order")) {
    const Integers order = c.integers("order");
    return std::is_sorted(order.begin(), order.end()) ? c.in[0] : c.node("Transpose", c.in, {{"perm", order}});
  }
  if (!has("start")) return {};
  Integers axes;
  for (std::size_t i = 0; i < c.extents[0].size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
  const std::string part =
      c.node("Slice", {c.in[0], c.graph.constant(c.integers("start")), c.graph.constant(c.integers("stop")),
                       c.graph.constant(axes), c.graph.constant(c.integers("step"))});
  return c.out.size() == axes.size() ? part : reshape(c, part);
}

/// An extent that is open in both is left to the input, which then is not 1.
Written broadcast_to(OnnxCall& c) {
  Extents shape = c.out;
  const std::size_t more = c.out.size() - c.extents[0].size();
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != -1) continue;
    if (i < more || c.extents[0][i - more] != -1) return {};
    shape[i] = 1;
  }
  return c.node("Expand", {c.in[0], c.graph.constant(shape)});
}

std::string reduce(OnnxCall& c, const char* type, bool axes_are_input) {
  const Integers axes = c.integers("axes");
  if (axes.empty()) return c.in[0];
  const std::int64_t keepdims = c.out.size() == c.extents[0].size();
  if (axes_are_input) return c.node(type, {c.in[0], c.graph.constant(axes)}, {{"keepdims", keepdims}});
  return c.node(type, c.in, {{"axes", axes}, {"keepdims", keepdims}});
}

std::string stack(OnnxCall& c) {
  const Integers axis = c.integers("axis");
  std::vector<std::string> inputs;
  for (const std::string& x : c.in) inputs.push_back(c.node("Unsqueeze", {x, c.graph.constant(axis)}));
  return c.node("Concat", inputs, {{"axis", axis[0]}});
}

std::string pad(OnnxCall& c) {
  Integers widths = c.integers("before"), after = c.integers("after");
  widths.insert(widths.end(), after.begin(), after.end());
  return c.node("Pad", {c.in[0], c.graph.constant(widths)});
}

std::string softplus(OnnxCall& c, const std::string& x, double beta) {
  if (beta == 1) return c.node("Softplus", {x});
  return c.node("Div", {c.node("Softplus", {c.node("Mul", {x, c.number(beta)})}), c.number(beta)});
}

std::string normal_cdf(OnnxCall& c) {
  const std::string erf = c.node("Erf", {c.node("Mul", {c.in[0], c.number(0.70710678118654752440)})});
  return c.node("Mul", {c.node("Add", {erf, c.number(1)}), c.number(0.5)});
}

std::string gelu_tanh(OnnxCall& c) {
  const std::string& x = c.in[0];
  const std::string cube = c.node("Mul", {c.node("Mul", {x, x}), x});
  const std::string sum = c.node("Add", {x, c.node("Mul", {cube, c.number(0.044715)})});
  return c.node("Mul", {x, c.node("Sigmoid", {c.node("Mul", {sum, c.number(1.5957691216057307117)})})});
}

using Write = std::function<Written(OnnxCall&)>;
/// With one number as an attribute.
Write with(const char* type, const char* attribute) {
  return [=](OnnxCall& c) { return c.node(type, {c.in[0]}, {{attribute, number_of(c.op.inputs[1])}}); };
}
Write reduction(const char* type, bool axes_are_input = false) {
  return [=](OnnxCall& c) { return reduce(c, type, axes_are_input); };
}
Write along_axis(const char* type) {
  return [=](OnnxCall& c) { return c.node(type, c.in, {{"axis", c.integers("axis")[0]}}); };
}
Written clip(OnnxCall& c) { return c.node("Clip", c.in); }

const std::map<std::string_view, Write>& others() {
  static const std::map<std::string_view, Write> all = {
      {"linear", [](OnnxCall& c) { return dense(c, true); }},
      {"affine", [](OnnxCall& c) { return dense(c, false); }},
      {"matmul", matmul},
      {"conv1d", [](OnnxCall& c) { return conv(c, "Conv"); }},
      {"conv2d", [](OnnxCall& c) { return conv(c, "Conv"); }},
      {"conv_transpose2d", [](OnnxCall& c) { return conv(c, "ConvTranspose"); }},
      {"max_pool1d", [](OnnxCall& c) { return pool(c, 1, true); }},
      {"max_pool2d", [](OnnxCall& c) { return pool(c, 2, true); }},
      {"avg_pool1d", [](OnnxCall& c) { return pool(c, 1, false); }},
      {"avg_pool2d", [](OnnxCall& c) { return pool(c, 2, false); }},
      {"batch_norm", batch_norm},
      {"layer_norm", layer_norm},
      {"reshape", [](OnnxCall& c) { return reshape(c, c.in[0]); }},
      {"broadcast_to", broadcast_to},
      {"concatenate", along_axis("Concat")},
      {"stack", stack},
      {"pad", pad},
      {"to",
       [](OnnxCall& c) {
         return c.node("Cast", c.in, {{"to", onnx_type(c.op.output.dtype())}});
       }},
      {"softmax", along_axis("Softmax")},
      {"log_softmax", along_axis("LogSoftmax")},
      {"logsumexp",
       [](OnnxCall& c) {
         return c.node("ReduceLogSumExp", c.in, {{"axes", Integers{1}}, {"keepdims", std::int64_t{0}}});
       }},
      {"sum", reduction("ReduceSum", true)},
      {"max", reduction("ReduceMax")},
      {"amax", reduction("ReduceMax")},
      {"min", reduction("ReduceMin")},
      {"amin", reduction("ReduceMin")},
      {"identity", [](OnnxCall& c) { return c.in[0]; }},
      {"square",
       [](OnnxCall& c) {
         return c.node("Mul", {c.in[0], c.in[0]});
       }},
      {"rsqrt", [](OnnxCall& c) { return c.node("Reciprocal", {c.node("Sqrt", c.in)}); }},
      {"expm1",
       [](OnnxCall& c) {
         return c.node("Sub", {c.node("Exp", c.in), c.number(1)});
       }},
      {"log1p",
       [](OnnxCall& c) {
         return c.node("Log", {c.node("Add", {c.in[0], c.number(1)})});
       }},
      {"not_equal", [](OnnxCall& c) { return c.node("Not", {c.node("Equal", c.in)}); }},
      {"masked_fill",
       [](OnnxCall& c) {
         return c.node("Where", {c.in[0], c.in[2], c.in[1]});
       }},
      {"clamp", clip},
      {"hardtanh", clip},
      {"relu6",
       [](OnnxCall& c) {
         return c.node("Clip", {c.in[0], c.number(0), c.number(6)});
       }},
      {"leaky_relu", with("LeakyRelu", "alpha")},
      {"elu", with("Elu", "alpha")},
      {"celu", with("Celu", "alpha")},
      {"hardshrink", with("Shrink", "lambd")},
      {"softshrink",
       [](OnnxCall& c) {
         const double lambda = number_of(c.op.inputs[1]);
         return c.node("Shrink", {c.in[0]}, {{"lambd", lambda}, {"bias", lambda}});
       }},
      {"threshold",
       [](OnnxCall& c) {
         return c.node("Where", {c.node("LessOrEqual", {c.in[0], c.in[1]}), c.in[2], c.in[0]});
       }},
      {"hardsigmoid",
       [](OnnxCall& c) {
         return c.node("HardSigmoid", c.in, {{"alpha", 1.0 / 6}, {"beta", 0.5}});
       }},
      {"step",
       [](OnnxCall& c) {
         return c.node("Where", {c.node("Greater", {c.in[0], c.number(0)}), c.number(1), c.number(0)});
       }},
      {"silu",
       [](OnnxCall& c) {
         return c.node("Mul", {c.in[0], c.node("Sigmoid", c.in)});
       }},
      {"tanhshrink",
       [](OnnxCall& c) {
         return c.node("Sub", {c.in[0], c.node("Tanh", c.in)});
       }},
      {"softplus", [](OnnxCall& c) { return softplus(c, c.in[0], number_of(c.op.inputs[1])); }},
      {"log_sigmoid", [](OnnxCall& c) { return c.node("Neg", {softplus(c, c.node("Neg", c.in), 1)}); }},
      {"mish",
       [](OnnxCall& c) {
         return c.node("Mul", {c.in[0], c.node("Tanh", {softplus(c, c.in[0], 1)})});
       }},
      {"normal_cdf", normal_cdf},
      {"gelu",
       [](OnnxCall& c) {
         return c.node("Mul", {c.in[0], normal_cdf(c)});
       }},
      {"gelu_tanh", gelu_tanh},
  };
  return all;
}

}  // namespace

std::vector<std::int64_t> OnnxCall::integers(const char* setting) const {
  const std::vector<double>& numbers = op[setting];
  return {numbers.begin(), numbers.end()};
}

std::optional<std::string> write_operation(OnnxCall& call) {
  if (const auto found = same.find(call.op.name); found != same.end()) return call.node(found->second, call.in);
  if (const auto found = others().find(call.op.name); found != others().end()) return found->second(call);
  return view(call);
}

}  // namespace xgrad::nn::detail
