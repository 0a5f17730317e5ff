#pragma once
#include <cstdint>
#include <optional>

#include <xgrad/engine/random.hpp>
#include <xgrad/engine/tensor.hpp>
#include <xgrad/nn/layers/linear.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

/// The projections of multi-head attention over E features: PyTorch's layout, those of q, k and v in three blocks.
struct AttentionWeights {
  Tensor in_weight;      ///< (3 E, E)
  Tensor in_bias = {};   ///< (3 E), or undefined
  Tensor out_weight;     ///< (E, E)
  Tensor out_bias = {};  ///< (E), or undefined
};

/// q, k, v (N, L, E), projected, in `heads` parts of E / heads features attended to by themselves, put together again
/// and projected (Vaswani et al., 2017). Mask and `causal` as for scaled_dot_product_attention(). E that the heads do
/// not divide is a ValueError; shapes that do not fit are a ShapeError.
Tensor multi_head_attention(const Operand& q, const Operand& k, const Operand& v, std::int64_t heads,
                            const AttentionWeights& weights, const Tensor& mask = {}, bool causal = false);

struct MultiheadAttentionOptions {
  double dropout = 0;  ///< of the attention's weights
  bool bias = true;
  bool add_bias_kv = false;                          ///< a learned key and value behind the others
  bool add_zero_attn = false;                        ///< a key and value of zeros behind the others
  std::optional<std::int64_t> kdim = {}, vdim = {};  ///< features of k and v, if others than those of q
  bool batch_first = false;                          ///< (N, L, E) instead of (L, N, E)
  DType dtype = float32;
};

/// Who may not attend to whom, as PyTorch's MultiheadAttention has it: where a boolean mask is set, or as numbers that
/// are added.
struct AttentionMasks {
  Tensor attn_mask = {};         ///< (L, S) or (N heads, L, S)
  Tensor key_padding_mask = {};  ///< (N, S), or (S) without a batch
  bool is_causal = false;        ///< query i attends to keys up to i
};

/// What attention gives, and how much of it came from where: (N, L, S), without N where there is none.
struct AttentionOutputs {
  Tensor outputs, weights;
};

/// multi_head_attention() with weights of its own, in PyTorch's layout; q (L, N, E), k (S, N, kdim), v (S, N, vdim), or
/// each without N. At first the projections are Xavier's, their biases 0. A query that may attend to nothing gives 0
/// (before the last projection).
class MultiheadAttention : public Module {
 public:
  /// ValueError: an extent < 1, heads that do not divide the features, a dropout outside [0, 1].
  MultiheadAttention(std::int64_t features, std::int64_t heads, Random& random,
                     const MultiheadAttentionOptions& options = {}, Site site = Site::here());
  /// Self-attention.
  Tensor forward(const Operand& x) override { return forward(x, x, x, {}); }
  Tensor forward(const Operand& q, const Operand& k, const Operand& v, const AttentionMasks& masks);
  using Module::operator();
  Tensor operator()(const Operand& q, const Operand& k, const Operand& v, const AttentionMasks& masks = {}) {
    return located([&] { return forward(q, k, v, masks); });
  }
  /// PyTorch's need_weights: averaged over the heads, or (N, heads, L, S).
  AttentionOutputs with_weights(const Operand& q, const Operand& k, const Operand& v, const AttentionMasks& masks = {},
                                bool average = true);
  void members(Members& m) override;
  std::string options() const override;

  Parameter in_proj_weight, q_proj_weight, k_proj_weight, v_proj_weight, in_proj_bias, bias_k, bias_v;
  Linear out_proj;

 private:
  Tensor mask_of(const AttentionMasks& masks, std::int64_t batch, const Shape& q, const Shape& k, Site site) const;
  Tensor run(const Operand& q, const Operand& k, const Operand& v, const AttentionMasks& masks, Tensor* weights);
  Tensor attended(const Tensor& q, Tensor k, Tensor v, Tensor mask, bool causal, Tensor* weights);

  std::int64_t features_, heads_;
  MultiheadAttentionOptions options_;
  Random random_{0};
};

}  // namespace xgrad::nn
