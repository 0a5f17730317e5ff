#include <xgrad/nn/layers/attention.hpp>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/xgrad.hpp>

namespace xgrad::nn {
namespace {

constexpr const char* op = "multi_head_attention";

Tensor dense(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return bias.defined() ? linear(x, weight, bias) : linear(x, weight);
}

/// (N, L, E) as (N, heads, L, E / heads).
Tensor in_heads(const Tensor& x, std::int64_t heads) {
  return swapaxes(unflatten(x, -1, {heads, x.shape()[2] / heads}), 1, 2);
}

}  // namespace

Tensor multi_head_attention(const Operand& q, const Operand& k, const Operand& v, std::int64_t heads,
                            const AttentionWeights& weights, const Tensor& mask, bool causal) {
  const auto value = [](const Operand& x) { return x.tensor && x.tensor->defined() ? *x.tensor : identity(x); };
  const Tensor in[] = {value(q), value(k), value(v)};
  const std::int64_t features = in[0].rank() == 3 ? in[0].shape()[2] : -1;
  for (const Tensor& x : in)
    if (x.rank() != 3 || x.shape()[2] != features)
      detail::fail<ShapeError>(op, q.site, "q is {}, k is {}, v is {}: expected (N, L, E)", to_string(in[0].shape()),
                               to_string(in[1].shape()), to_string(in[2].shape()));
  if (heads < 1 || features % heads != 0)
    detail::fail<ValueError>(op, q.site, "{} heads for {} features", heads, features);
  const auto check = [&](const char* name, const Tensor& t, const Shape& expected) {
    if (t.defined() && t.shape() != expected)
      detail::fail<ShapeError>(op, q.site, "{} is {}, expected {} for q {}", name, to_string(t.shape()),
                               to_string(expected), to_string(in[0].shape()));
  };
  check("in_weight", weights.in_weight, {3 * features, features});
  check("in_bias", weights.in_bias, {3 * features});
  const detail::SiteScope scope(op, q.site);
  if (q.tensor == k.tensor && k.tensor == v.tensor) {  // self-attention: one product, and heads are not copied
    const Tensor qkv = dense(in[0], weights.in_weight, weights.in_bias);
    return dense(scaled_dot_product_attention(qkv, heads, mask, causal), weights.out_weight, weights.out_bias);
  }
  const auto part = [&](const Tensor& t, std::int64_t i) {
    return t.defined() ? slice(t, {{i * features, (i + 1) * features}}) : t;
  };
  Tensor projected[3];
  for (std::int64_t i = 0; i < 3; ++i)
    projected[i] = in_heads(dense(in[i], part(weights.in_weight, i), part(weights.in_bias, i)), heads);
  const Tensor y = scaled_dot_product_attention(projected[0], projected[1], projected[2], mask, causal);
  return dense(flatten(swapaxes(y, 1, 2), 2), weights.out_weight, weights.out_bias);
}

}  // namespace xgrad::nn
