#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// softmax(q k^T scale + mask) v over the keys: q (..., L, E), k (..., S, E), v (..., S, F), the axes in front
/// broadcast. A boolean mask is set where a query may attend, another one is added; `causal` lets query i attend to
/// keys up to i. scale is 1 / sqrt(E) unless given. A query that may attend to nothing gives 0. float32 or float64,
/// all the same (DTypeError); shapes that do not fit are a ShapeError.
Tensor scaled_dot_product_attention(const Operand& q, const Operand& k, const Operand& v, const Tensor& mask = {},
                                    bool causal = false, double scale = 0);

/// The same with q, k and v (..., L, E) side by side in the last axis of one array (..., L, 3 E), as a single product
/// gives them, and `heads` heads side by side in each, which attend by themselves with masks (..., heads, L, L).
/// Gives (..., L, E).
Tensor scaled_dot_product_attention(const Operand& qkv, std::int64_t heads, const Tensor& mask = {},
                                    bool causal = false, double scale = 0);

}  // namespace xgrad
