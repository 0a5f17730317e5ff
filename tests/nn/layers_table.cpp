#include "layers_table.hpp"

#include <cmath>
#include <xgrad/xgrad.hpp>

namespace xgrad::tests {
namespace {

void dense(std::vector<LayerRow>& t, Random& r) {
  const auto both = [](nn::Module& m, const TensorList& in) -> TensorList {
    return {dynamic_cast<nn::Bilinear&>(m)(in[0], in[1])};
  };
  t.push_back({"linear", nn::Linear(3, 4, r)});
  t.push_back({"linear no bias", nn::Linear(3, 4, r, {.bias = false})});
  t.push_back({"linear vector", nn::Linear(3, 4, r)});
  t.push_back({"linear no rows", nn::Linear(3, 2, r)});
  t.push_back({"bilinear", nn::Bilinear(3, 2, 4, r), both});
  t.push_back({"bilinear no bias", nn::Bilinear(2, 3, 2, r, {.bias = false}), both});
  t.push_back({"bilinear vectors", nn::Bilinear(3, 2, 1, r), both});
  t.push_back({"embedding", nn::Embedding(5, 3, r)});
  t.push_back({"embedding padding", nn::Embedding(5, 3, r, {.padding_idx = 3})});
  t.push_back({"embedding padding from the end", nn::Embedding(5, 3, r, {.padding_idx = -2})});
  t.push_back({"embedding max_norm", nn::Embedding(5, 3, r, {.max_norm = 0.7})});
  t.push_back({"embedding max_norm sums", nn::Embedding(5, 3, r, {.padding_idx = 0, .max_norm = 1, .norm_type = 1})});
  t.push_back({"embedding max_norm largest", nn::Embedding(5, 3, r, {.max_norm = 0.5, .norm_type = INFINITY})});
  t.push_back({"embedding by freq", nn::Embedding(5, 3, r, {.padding_idx = 1, .scale_grad_by_freq = true})});
  t.push_back({"embedding number", nn::Embedding(4, 2, r)});
  t.push_back({"embedding of padding alone", nn::Embedding(4, 2, r, {.padding_idx = 0})});
  t.push_back({"flatten", nn::Flatten()});
  t.push_back({"flatten range", nn::Flatten(0, 1)});
  t.push_back({"flatten all", nn::Flatten(0)});
  t.push_back({"flatten from the end", nn::Flatten(-2, -1)});
  t.push_back({"unflatten", nn::Unflatten(1, {2, 3})});
  t.push_back({"unflatten last", nn::Unflatten(-1, {3, 2})});
  t.push_back({"dropout nothing", nn::Dropout(0, r)});
  t.push_back({"dropout all", nn::Dropout(1, r)});
  t.push_back({"dropout eval", nn::Dropout(0.7, r)});
  t.back().module->eval();
  t.push_back({"sequential", nn::Sequential{nn::Linear(3, 4, r), nn::Tanh(), nn::Linear(4, 2, r)}});
}

void convolutions(std::vector<LayerRow>& t, Random& r) {
  t.push_back({"conv1d", nn::Conv1d(2, 3, 3, r)});
  t.push_back({"conv1d options",
               nn::Conv1d(2, 4, 3, r, {.stride = 2, .padding = 2, .dilation = 2, .groups = 2, .bias = false})});
  t.push_back({"conv2d", nn::Conv2d(2, 3, 3, r)});
  t.push_back({"conv2d options",
               nn::Conv2d(2, 4, {3, 2}, r, {.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}, .groups = 2})});
  t.push_back({"conv2d no bias", nn::Conv2d(3, 2, 2, r, {.bias = false})});
  t.push_back({"conv_transpose2d", nn::ConvTranspose2d(2, 3, 3, r)});
  t.push_back(
      {"conv_transpose2d options",
       nn::ConvTranspose2d(4, 2, {3, 2}, r,
                           {.stride = 2, .padding = 1, .output_padding = {1, 0}, .dilation = {1, 2}, .groups = 2})});
  t.push_back({"conv1d single", nn::Conv1d(2, 3, 2, r, {.dilation = 3})});
  t.push_back({"conv1d by channel", nn::Conv1d(3, 6, 3, r, {.padding = 1, .groups = 3})});
  t.push_back({"conv1d points", nn::Conv1d(3, 2, 1, r, {.stride = 3})});
  t.push_back({"conv2d by channel", nn::Conv2d(3, 6, 3, r, {.padding = 1, .groups = 3, .bias = false})});
  t.push_back({"conv2d points", nn::Conv2d(4, 3, 1, r)});
  t.push_back({"conv2d halved", nn::Conv2d(3, 5, 3, r, {.stride = 2, .padding = 1})});
  t.push_back({"conv2d wide", nn::Conv2d(2, 3, 5, r, {.padding = 4, .dilation = 2})});
  t.push_back({"conv2d gaps", nn::Conv2d(2, 2, 2, r, {.stride = 3})});
  t.push_back({"conv_transpose2d by channel",
               nn::ConvTranspose2d(3, 3, 3, r, {.stride = 3, .padding = 2, .output_padding = 1, .groups = 3})});
  t.push_back({"conv_transpose2d gaps",
               nn::ConvTranspose2d(2, 3, {1, 2}, r, {.stride = {3, 4}, .output_padding = {2, 0}, .dilation = 2})});
  t.push_back({"conv_transpose2d no bias", nn::ConvTranspose2d(2, 2, 2, r, {.stride = 2, .bias = false})});
}

void edges(std::vector<LayerRow>& t, Random& r) {
  for (const auto& [name, mode] : {std::pair("reflect", PadMode::reflect), std::pair("replicate", PadMode::replicate),
                                   std::pair("circular", PadMode::circular)}) {
    t.push_back(
        {std::string("conv1d ") + name,
         nn::Conv1d(2, 4, 3, r, {.stride = 2, .padding = 2, .dilation = 2, .groups = 2, .padding_mode = mode})});
    t.push_back({std::string("conv2d ") + name,
                 nn::Conv2d(2, 3, 3, r, {.padding = {1, 2}, .bias = false, .padding_mode = mode})});
  }
}

void pools(std::vector<LayerRow>& t) {
  t.push_back({"max_pool1d", nn::MaxPool1d(2)});
  t.push_back({"max_pool1d options", nn::MaxPool1d(3, {.stride = 2, .padding = 1, .dilation = 2})});
  t.push_back({"max_pool2d", nn::MaxPool2d(2)});
  t.push_back({"max_pool2d options", nn::MaxPool2d({3, 2}, {.stride = Pair(1, 2), .padding = 1})});
  t.push_back({"max_pool2d overlapping", nn::MaxPool2d(3, {.stride = 2, .padding = 1})});
  t.push_back({"max_pool2d apart", nn::MaxPool2d(2, {.stride = 3, .dilation = 2})});
  t.push_back({"avg_pool1d with padding", nn::AvgPool1d(3, {.padding = 1})});
  t.push_back({"avg_pool2d with padding", nn::AvgPool2d(3, {.stride = 2, .padding = 1})});
  t.push_back({"avg_pool1d", nn::AvgPool1d(2)});
  t.push_back({"avg_pool1d options", nn::AvgPool1d(3, {.stride = 2, .padding = 1, .count_include_pad = false})});
  t.push_back({"avg_pool2d", nn::AvgPool2d(2)});
  t.push_back(
      {"avg_pool2d options", nn::AvgPool2d({3, 2}, {.stride = Pair(1, 2), .padding = 1, .count_include_pad = false})});
  t.push_back({"adaptive_avg_pool1d", nn::AdaptiveAvgPool1d(3)});
  t.push_back({"adaptive_avg_pool2d", nn::AdaptiveAvgPool2d({2, 3})});
  t.push_back({"adaptive_avg_pool2d one", nn::AdaptiveAvgPool2d(1)});
  t.push_back({"adaptive_avg_pool1d more", nn::AdaptiveAvgPool1d(7)});
  t.push_back({"adaptive_avg_pool2d single", nn::AdaptiveAvgPool2d({4, 1})});
}

void norms(std::vector<LayerRow>& t) {
  const auto twice = [](nn::Module& m, const TensorList& in) -> TensorList {
    Tensor first = m(in[0]);
    return {first, m(2 * in[0])};
  };
  for (const bool train : {true, false}) {
    const std::string mode = train ? " train" : " eval";
    const auto row = [&](const std::string& name, nn::AnyModule m, auto call) {
      m->train(train);
      t.push_back({name + mode, std::move(m), call});
    };
    row("batch_norm1d", nn::BatchNorm1d(3), nullptr);
    row("batch_norm1d sequence", nn::BatchNorm1d(3, {.eps = 0.01, .momentum = 0.3}), nullptr);
    row("batch_norm2d", nn::BatchNorm2d(2), nullptr);
    row("batch_norm2d average", nn::BatchNorm2d(2, {.momentum = std::nullopt}), twice);
    row("batch_norm2d plain", nn::BatchNorm2d(2, {.affine = false}), nullptr);
    row("batch_norm2d untracked", nn::BatchNorm2d(2, {.track_running_stats = false}), nullptr);
    row("batch_norm1d still", nn::BatchNorm1d(3, {.momentum = 0}), nullptr);
    row("batch_norm1d last", nn::BatchNorm1d(3, {.momentum = 1}), nullptr);
    row("batch_norm1d bare", nn::BatchNorm1d(3, {.eps = 0.1, .affine = false, .track_running_stats = false}), nullptr);
  }
  const auto changing = [](nn::Module& m, const TensorList& in) -> TensorList {
    Tensor first = m(in[0]);
    m.eval();
    Tensor second = m(in[0]);
    m.train();
    return {first, second};
  };
  t.push_back({"batch_norm2d changing", nn::BatchNorm2d(2, {.momentum = 0.4}), changing});
  t.push_back({"batch_norm1d changing average", nn::BatchNorm1d(2, {.momentum = std::nullopt}), changing});
  t.push_back({"layer_norm", nn::LayerNorm({4})});
  t.push_back({"layer_norm vector", nn::LayerNorm({4}, {.eps = 0.5})});
  t.push_back({"layer_norm three axes", nn::LayerNorm({2, 1, 3})});
  t.push_back({"layer_norm axes", nn::LayerNorm({2, 3}, {.eps = 0.01})});
  t.push_back({"layer_norm no bias", nn::LayerNorm({4}, {.bias = false})});
  t.push_back({"layer_norm plain", nn::LayerNorm({4}, {.elementwise_affine = false})});
  t.push_back({"group_norm", nn::GroupNorm(2, 4)});
  t.push_back({"group_norm rows", nn::GroupNorm(2, 6)});
  t.push_back({"group_norm one", nn::GroupNorm(1, 3)});
  t.push_back({"group_norm each", nn::GroupNorm(3, 3)});
  t.push_back({"group_norm plain", nn::GroupNorm(3, 3, {.eps = 0.01, .affine = false})});
  t.push_back({"rms_norm", nn::RMSNorm({4})});
  t.push_back({"rms_norm options", nn::RMSNorm({2, 3}, {.eps = 0.1, .elementwise_affine = false})});
}

void activations(std::vector<LayerRow>& t) {
  t.push_back({"identity", nn::Identity()});
  t.push_back({"relu", nn::ReLU()});
  t.push_back({"relu6", nn::ReLU6()});
  t.push_back({"selu", nn::SELU()});
  t.push_back({"silu", nn::SiLU()});
  t.push_back({"mish", nn::Mish()});
  t.push_back({"sigmoid", nn::Sigmoid()});
  t.push_back({"log_sigmoid", nn::LogSigmoid()});
  t.push_back({"tanh", nn::Tanh()});
  t.push_back({"tanhshrink", nn::Tanhshrink()});
  t.push_back({"softsign", nn::Softsign()});
  t.push_back({"hardsigmoid", nn::Hardsigmoid()});
  t.push_back({"hardswish", nn::Hardswish()});
  t.push_back({"leaky_relu", nn::LeakyReLU(0.2)});
  t.push_back({"elu", nn::ELU(0.7)});
  t.push_back({"celu", nn::CELU(1.5)});
  t.push_back({"softplus", nn::Softplus(2)});
  t.push_back({"hardtanh", nn::Hardtanh(-0.5, 2)});
  t.push_back({"hardshrink", nn::Hardshrink(0.7)});
  t.push_back({"softshrink", nn::Softshrink(0.7)});
  t.push_back({"threshold", nn::Threshold(0.3, -2)});
  t.push_back({"softmax", nn::Softmax()});
  t.push_back({"softmax rows", nn::Softmax(0)});
  t.push_back({"log_softmax", nn::LogSoftmax()});
  t.push_back({"softmin", nn::Softmin()});
  t.push_back({"glu", nn::GLU()});
  t.push_back({"gelu", nn::GELU()});
  t.push_back({"gelu tanh", nn::GELU(nn::GELU::Approximate::tanh_form)});
  t.push_back({"prelu", nn::PReLU()});
  t.push_back({"prelu channels", nn::PReLU(4)});
  t.push_back({"prelu image", nn::PReLU(2)});
  t.push_back({"leaky_relu plain", nn::LeakyReLU()});
  t.push_back({"elu plain", nn::ELU()});
  t.push_back({"celu plain", nn::CELU()});
  t.push_back({"softplus plain", nn::Softplus()});
  t.push_back({"softplus small", nn::Softplus(0.25)});
  t.push_back({"hardtanh plain", nn::Hardtanh()});
  t.push_back({"hardshrink plain", nn::Hardshrink()});
  t.push_back({"softshrink plain", nn::Softshrink()});
  t.push_back({"glu rows", nn::GLU(0)});
  t.push_back({"log_softmax rows", nn::LogSoftmax(0)});
  t.push_back({"softmin rows", nn::Softmin(0)});
  t.push_back({"softmax middle", nn::Softmax(1)});
}

}  // namespace

std::vector<LayerRow> layer_table() {
  Random random(1);
  std::vector<LayerRow> t;
  dense(t, random);
  convolutions(t, random);
  edges(t, random);
  pools(t);
  norms(t);
  activations(t);
  for (LayerRow& row : t) row.module->to(float64);
  return t;
}

}  // namespace xgrad::tests
