#include <cmath>
#include <limits>

#include <xgrad/nn/layers/attention.hpp>
#include <xgrad/nn/layers/internal/start.hpp>
#include <xgrad/xgrad.hpp>

namespace xgrad::nn {
namespace {

using detail::fail;

/// At first 0, unlike Linear's own.
Linear projection(std::int64_t features, Random& random, const MultiheadAttentionOptions& options, Site site) {
  Linear out(features, features, random, {.bias = options.bias, .dtype = options.dtype}, site);
  if (options.bias) zeros_(out.bias);
  return out;
}

void check(std::int64_t features, std::int64_t heads, const MultiheadAttentionOptions& o, Site site) {
  const char* const name = "MultiheadAttention";
  layers::check_least(name, 1, {{"features", features}, {"heads", heads}}, site);
  layers::check_least(name, 1, {{"kdim", o.kdim.value_or(1)}, {"vdim", o.vdim.value_or(1)}}, site);
  layers::check_probability(name, "dropout", o.dropout, site);
  if (features % heads != 0) fail<ValueError>(name, site, "{} heads for {} features", heads, features);
}

std::int64_t checked(std::int64_t features, std::int64_t heads, const MultiheadAttentionOptions& o, Site site) {
  check(features, heads, o, site);
  return features;
}

Tensor dense(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return bias.defined() ? linear(x, weight, bias) : linear(x, weight);
}

/// What a boolean mask says as numbers to add.
Tensor as_numbers(const Tensor& mask, DType dtype) {
  if (mask.dtype() != boolean) return mask;
  const Tensor closed = full({}, -std::numeric_limits<double>::infinity(), dtype), open = full({}, 0, dtype);
  return where(mask, closed, open);
}

/// Both masks in one, in the sense of scaled_dot_product_attention(): set where a query may attend.
Tensor together(const Tensor& a, const Tensor& b, DType dtype) {
  if (a.defined() && b.defined() && (a.dtype() != boolean || b.dtype() != boolean))
    return as_numbers(a, dtype) + as_numbers(b, dtype);
  const Tensor closed = !a.defined() ? b : !b.defined() ? a : logical_or(a, b);
  return closed.defined() && closed.dtype() == boolean ? logical_not(closed) : closed;
}

}  // namespace

MultiheadAttention::MultiheadAttention(std::int64_t features, std::int64_t heads, Random& random,
                                       const MultiheadAttentionOptions& options, Site site)
    : out_proj(projection(checked(features, heads, options, site), random, options, site)),
      features_(features),
      heads_(heads),
      options_(options) {
  const auto start = [&](std::int64_t rows, std::int64_t columns) {
    Tensor w = zeros({rows, columns}, options.dtype, site);
    xavier_uniform_(w, random, 1, site);
    return Parameter(std::move(w), site);
  };
  const std::int64_t k = options.kdim.value_or(features), v = options.vdim.value_or(features);
  if (k == features && v == features) {
    in_proj_weight = start(3 * features, features);
  } else {
    q_proj_weight = start(features, features);
    k_proj_weight = start(features, k);
    v_proj_weight = start(features, v);
  }
  if (options.bias) in_proj_bias = Parameter(zeros({3 * features}, options.dtype, site), site);
  for (Parameter* extra : {&bias_k, &bias_v})
    if (options.add_bias_kv) {
      Tensor row = zeros({1, 1, features}, options.dtype, site);
      xavier_normal_(row, random, 1, site);
      *extra = Parameter(std::move(row), site);
    }
  if (options.dropout > 0) random_ = Random(random.bits());
}

Tensor MultiheadAttention::mask_of(const AttentionMasks& masks, std::int64_t batch, const Shape& q, const Shape& k,
                                   Site site) const {
  const auto check = [&](const char* name, const Tensor& mask, bool fits, const char* expected) {
    if (!fits)
      fail<ShapeError>("multi_head_attention", site, "{} is {}, expected {} for q {} and k {}", name,
                       to_string(mask.shape()), expected, to_string(q), to_string(k));
  };
  const std::int64_t l = q[1], s = k[1];
  Tensor pairs = masks.attn_mask, keys = masks.key_padding_mask;
  if (pairs.defined()) {
    check("attn_mask", pairs, pairs.shape() == Shape{l, s} || pairs.shape() == Shape{batch * heads_, l, s},
          "(L, S) or (N heads, L, S)");
    if (pairs.rank() == 3) pairs = reshape(pairs, {batch, heads_, l, s});
  }
  if (keys.defined()) {
    check("key_padding_mask", keys, keys.shape() == Shape{batch, s} || (batch == 1 && keys.shape() == Shape{s}),
          "(N, S)");
    keys = reshape(keys, {batch, 1, 1, s});
  }
  return together(pairs, keys, out_proj.weight.dtype());
}

/// In heads (N, heads, L, E / heads); with what the fused op has not.
Tensor MultiheadAttention::attended(const Tensor& q, Tensor k, Tensor v, Tensor mask, bool causal, Tensor* given) {
  const bool drops = training() && options_.dropout > 0, more = options_.add_bias_kv || options_.add_zero_attn;
  if (!drops && !more && !given) return scaled_dot_product_attention(q, k, v, mask, causal);
  const std::int64_t keys = k.shape()[2];
  Tensor open;
  if (causal) open = tril(ones({q.shape()[2], keys}, q.dtype())) > 0;
  if (mask.defined() && mask.dtype() == boolean) {
    open = open.defined() ? logical_and(open, mask) : mask;
    mask = {};
  }
  if (options_.add_bias_kv) {
    const Shape row{q.shape()[0], heads_, 1, q.shape()[3]};
    k = concatenate({k, broadcast_to(reshape(bias_k, {heads_, 1, -1}), row)}, 2);
    v = concatenate({v, broadcast_to(reshape(bias_v, {heads_, 1, -1}), row)}, 2);
  }
  if (options_.add_zero_attn)
    for (Tensor* t : {&k, &v}) *t = pad(*t, {{}, {}, {0, 1}, {}});
  // For all keys: those behind the others are open to everybody.
  const auto widened = [&](const Tensor& t, double value) {
    if (k.shape()[2] == keys) return t;
    Shape rest = t.shape();
    rest[rest.rank() - 1] = k.shape()[2] - keys;
    return concatenate({t, full(rest, value, t.dtype())}, -1);
  };
  Tensor scores = matmul(q, swapaxes(k, -1, -2)) / std::sqrt(static_cast<double>(q.shape()[3]));
  if (mask.defined()) scores = scores + widened(mask, 0);
  if (open.defined()) open = widened(open, 1);
  // Finite, so that a query without a key has no nan.
  if (open.defined()) scores = where(open, scores, -1e30);
  Tensor weights = softmax(scores);
  if (open.defined()) weights = where(open, weights, 0);
  if (drops) weights = dropout(weights, options_.dropout, random_);
  if (given) *given = weights;
  return matmul(weights, v);
}

Tensor MultiheadAttention::forward(const Operand& q, const Operand& k, const Operand& v, const AttentionMasks& masks) {
  return run(q, k, v, masks, nullptr);
}

AttentionOutputs MultiheadAttention::with_weights(const Operand& q, const Operand& k, const Operand& v,
                                                  const AttentionMasks& masks, bool average) {
  return located([&] {
    Tensor weights;
    const Tensor y = run(q, k, v, masks, &weights);
    if (average) weights = mean(weights, 1);
    return AttentionOutputs{y, y.rank() == 2 ? squeeze(weights, 0) : weights};
  });
}

Tensor MultiheadAttention::run(const Operand& q, const Operand& k, const Operand& v, const AttentionMasks& masks,
                               Tensor* weights) {
  const char* const op = "multi_head_attention";
  const Shape shapes[] = {layers::shape_of(q), layers::shape_of(k), layers::shape_of(v)};
  const std::int64_t width[] = {features_, options_.kdim.value_or(features_), options_.vdim.value_or(features_)};
  const int rank = shapes[0].rank();
  const int batch_axis = options_.batch_first ? 0 : 1;
  bool fits = rank == 2 || rank == 3;
  for (int i = 0; i < 3 && fits; ++i)
    fits = shapes[i].rank() == rank && shapes[i][rank - 1] == width[i] &&
           (rank == 2 || shapes[i][batch_axis] == shapes[0][batch_axis]);
  if (!fits || shapes[1][rank == 2 ? 0 : 1 - batch_axis] != shapes[2][rank == 2 ? 0 : 1 - batch_axis])
    fail<ShapeError>(op, q.site, "q is {}, k is {}, v is {}: expected {} with {}, {} and {} features",
                     to_string(shapes[0]), to_string(shapes[1]), to_string(shapes[2]),
                     options_.batch_first ? "(N, L, E)" : "(L, N, E)", width[0], width[1], width[2]);
  const detail::SiteScope scope(op, q.site);
  const auto batch_in_front = [&](const Operand& x) {
    return rank == 2 ? unsqueeze(x, 0) : options_.batch_first ? *x.tensor : swapaxes(x, 0, 1);
  };
  const bool self = q.tensor == k.tensor && k.tensor == v.tensor && in_proj_weight.defined();
  const Tensor in_q = batch_in_front(q), in_k = self ? in_q : batch_in_front(k), in_v = self ? in_q : batch_in_front(v);
  const Tensor mask = mask_of(masks, in_q.shape()[0], in_q.shape(), in_k.shape(), q.site);
  Tensor y;
  const bool fused = !weights && !options_.add_bias_kv && !options_.add_zero_attn;
  if (self && fused && (!training() || options_.dropout == 0)) {
    const Operand x(in_q, q.site.file, q.site.line);
    y = multi_head_attention(x, x, x, heads_, {in_proj_weight, in_proj_bias, out_proj.weight, out_proj.bias}, mask,
                             masks.is_causal);
  } else {
    const auto part = [&](const Tensor& t, std::int64_t i) {
      return t.defined() ? slice(t, {{i * features_, (i + 1) * features_}}) : t;
    };
    const auto in_heads = [&](const Tensor& x, const Parameter& own, std::int64_t i) {
      const Tensor weight = own.defined() ? static_cast<const Tensor&>(own) : part(in_proj_weight, i);
      return swapaxes(unflatten(dense(x, weight, part(in_proj_bias, i)), -1, {heads_, features_ / heads_}), 1, 2);
    };
    const Tensor heads = attended(in_heads(in_q, q_proj_weight, 0), in_heads(in_k, k_proj_weight, 1),
                                  in_heads(in_v, v_proj_weight, 2), mask, masks.is_causal, weights);
    y = dense(flatten(swapaxes(heads, 1, 2), 2), out_proj.weight, out_proj.bias);
  }
  return rank == 2 ? squeeze(y, 0) : options_.batch_first ? y : swapaxes(y, 0, 1);
}

void MultiheadAttention::members(Members& m) {
  m("in_proj_weight", in_proj_weight);
  m("q_proj_weight", q_proj_weight);
  m("k_proj_weight", k_proj_weight);
  m("v_proj_weight", v_proj_weight);
  m("in_proj_bias", in_proj_bias);
  m("bias_k", bias_k);
  m("bias_v", bias_v);
  m("out_proj", out_proj);
  if (options_.dropout > 0) m("random", random_);
}

std::string MultiheadAttention::options() const {
  return fmt::format("{} heads{}", heads_, options_.dropout > 0 ? fmt::format(", dropout {}", options_.dropout) : "");
}

}  // namespace xgrad::nn
