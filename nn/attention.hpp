#pragma once
#include <xgrad/engine/tensor.hpp>

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

}  // namespace xgrad::nn
