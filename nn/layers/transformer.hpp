#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include <xgrad/engine/random.hpp>
#include <xgrad/nn/layers/attention.hpp>
#include <xgrad/nn/layers/dropout.hpp>
#include <xgrad/nn/layers/linear.hpp>
#include <xgrad/nn/layers/norm.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

enum class TransformerActivation { relu, gelu };

struct TransformerEncoderLayerOptions {
  std::int64_t dim_feedforward = 2048;
  double dropout = 0.1;
  TransformerActivation activation = TransformerActivation::relu;
  double layer_norm_eps = 1e-5;
  bool batch_first = false;  ///< (N, L, E) instead of (L, N, E)
  bool norm_first = false;   ///< each norm before its part, not after
  bool bias = true;
  DType dtype = float32;
};

/// Self-attention and two dense layers, each added to what went in, and normalised (Vaswani et al., 2017).
class TransformerEncoderLayer : public Module {
 public:
  /// ValueError: as for the parts.
  TransformerEncoderLayer(std::int64_t features, std::int64_t heads, Random& random,
                          const TransformerEncoderLayerOptions& options = {}, Site site = Site::here());
  Tensor forward(const Operand& x) override { return forward(x, {}); }
  Tensor forward(const Operand& x, const AttentionMasks& masks);
  using Module::operator();
  Tensor operator()(const Operand& x, const AttentionMasks& masks) {
    return located([&] { return forward(x, masks); });
  }
  void members(Members& m) override;
  std::string options() const override;

  MultiheadAttention self_attn;
  Linear linear1;
  Dropout dropout;
  Linear linear2;
  LayerNorm norm1, norm2;
  Dropout dropout1, dropout2;

 private:
  TransformerEncoderLayerOptions options_;
};

/// As many copies of a layer, "layers.0" and so on, which start alike but draw other numbers; then a norm, if there is
/// one.
class TransformerEncoder : public Module {
 public:
  /// ValueError: count < 1.
  TransformerEncoder(const TransformerEncoderLayer& layer, std::int64_t count, std::optional<LayerNorm> norm = {},
                     Site site = Site::here());
  Tensor forward(const Operand& x) override { return forward(x, {}); }
  Tensor forward(const Operand& x, const AttentionMasks& masks);
  using Module::operator();
  Tensor operator()(const Operand& x, const AttentionMasks& masks) {
    return located([&] { return forward(x, masks); });
  }
  void members(Members& m) override;

  std::vector<TransformerEncoderLayer> layers;
  std::optional<LayerNorm> norm;
};

}  // namespace xgrad::nn
