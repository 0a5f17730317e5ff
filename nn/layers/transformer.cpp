#include <xgrad/nn/layers/transformer.hpp>

#include <xgrad/nn/layers/internal/start.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/gelu.hpp>
#include <xgrad/ops/relu.hpp>

namespace xgrad::nn {
namespace {

std::int64_t checked(std::int64_t features, const TransformerEncoderLayerOptions& options, Site site) {
  layers::check_least("TransformerEncoderLayer", 1, {{"dim_feedforward", options.dim_feedforward}}, site);
  layers::check_probability("TransformerEncoderLayer", "dropout", options.dropout, site);
  return features;
}

MultiheadAttentionOptions attention(const TransformerEncoderLayerOptions& o) {
  return {.dropout = o.dropout, .bias = o.bias, .batch_first = o.batch_first, .dtype = o.dtype};
}
LinearOptions dense(const TransformerEncoderLayerOptions& o) { return {.bias = o.bias, .dtype = o.dtype}; }
LayerNormOptions norm_options(const TransformerEncoderLayerOptions& o) {
  return {.eps = o.layer_norm_eps, .bias = o.bias, .dtype = o.dtype};
}

}  // namespace

TransformerEncoderLayer::TransformerEncoderLayer(std::int64_t features, std::int64_t heads, Random& random,
                                                 const TransformerEncoderLayerOptions& options, Site site)
    : self_attn(checked(features, options, site), heads, random, attention(options), site),
      linear1(features, options.dim_feedforward, random, dense(options), site),
      dropout(options.dropout, random, site),
      linear2(options.dim_feedforward, features, random, dense(options), site),
      norm1({features}, norm_options(options), site),
      norm2({features}, norm_options(options), site),
      dropout1(options.dropout, random, site),
      dropout2(options.dropout, random, site),
      options_(options) {}

Tensor TransformerEncoderLayer::forward(const Operand& x, const AttentionMasks& masks) {
  const auto at = [&](const Tensor& t) { return Operand(t, x.site.file, x.site.line); };
  const auto dropped = [&](Dropout& layer, Tensor t) { return layer.p() > 0 && layer.training() ? layer(at(t)) : t; };
  const auto attend = [&](const Operand& in) { return dropped(dropout1, self_attn(in, in, in, masks)); };
  const auto feed_forward = [&](const Operand& in) {
    const Tensor z = linear1(in);
    const Tensor a = options_.activation == TransformerActivation::gelu ? gelu(at(z)) : relu(at(z));
    const Tensor h = dropped(dropout, a);
    return dropped(dropout2, linear2(at(h)));
  };
  if (options_.norm_first) {
    const Tensor n = norm1(x), h = x + attend(at(n)), m = norm2(at(h));
    return at(h) + feed_forward(at(m));
  }
  const Tensor sum = x + attend(x), h = norm1(at(sum)), more = at(h) + feed_forward(at(h));
  return norm2(at(more));
}

void TransformerEncoderLayer::members(Members& m) {
  m("self_attn", self_attn);
  m("linear1", linear1);
  m("dropout", dropout);
  m("linear2", linear2);
  m("norm1", norm1);
  m("norm2", norm2);
  m("dropout1", dropout1);
  m("dropout2", dropout2);
}

std::string TransformerEncoderLayer::options() const {
  return fmt::format("{}{}{}", options_.activation == TransformerActivation::gelu ? "gelu" : "relu",
                     options_.norm_first ? ", norm_first" : "", options_.batch_first ? ", batch_first" : "");
}

TransformerEncoder::TransformerEncoder(const TransformerEncoderLayer& layer, std::int64_t count,
                                       std::optional<LayerNorm> after, Site site)
    : norm(std::move(after)) {
  nn::layers::check_least("TransformerEncoder", 1, {{"count", count}}, site);
  layers.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    layers.push_back(layer);
    for (const NamedRandom& r : layers.back().random_streams())
      *r.random = Random(r.random->seed(), static_cast<std::uint64_t>(i));
  }
}

Tensor TransformerEncoder::forward(const Operand& x, const AttentionMasks& masks) {
  Tensor y = layers[0](x, masks);
  for (std::size_t i = 1; i < layers.size(); ++i) y = layers[i](Operand(y, x.site.file, x.site.line), masks);
  return norm ? (*norm)(Operand(y, x.site.file, x.site.line)) : y;
}

void TransformerEncoder::members(Members& m) {
  m("layers", layers);
  if (norm) m("norm", *norm);
}

}  // namespace xgrad::nn
