// Rows of products of other forms, of what networks are made of, and of losses.
#include "op_table_rows.hpp"

namespace xgrad::tests {
namespace {

/// To be copied: the same numbers each time, by a plan, too.
const Random chance(3);

using T = const Tensor&;
constexpr Argument labels(Shape shape, double low, double high) { return {shape, low, high, int64}; }

Argument maybe(Shape shape, double low = -2, double high = 2) {
  return {.shape = shape, .low = low, .high = high, .optional = true};
}

std::vector<Argument> of(std::initializer_list<Shape> shapes) {
  std::vector<Argument> arguments;
  for (const Shape& shape : shapes) arguments.push_back({shape});
  return arguments;
}

}  // namespace

void add_contractions(std::vector<OpRow>& rows) {
  const Rows add{rows};
  const auto two = [&](const char* name, const char* text, auto f, Shape a, Shape b) {
    add.composite(
        name, text, [f](const Tensors& in) { return f(in[0], in[1]); }, of({a, b}));
  };
  two("dot", "dot(a, b)", [](T a, T b) { return dot(a, b); }, {4}, {4});
  two("dot", "dot(a, b)", [](T a, T b) { return dot(a, b); }, {0}, {0});
  two("outer", "outer(a, b)", [](T a, T b) { return outer(a, b); }, {3}, {4});
  two("bmm", "bmm(a, b)", [](T a, T b) { return bmm(a, b); }, {2, 3, 4}, {2, 4, 2});
  two("tensordot", "tensordot(a, b)", [](T a, T b) { return tensordot(a, b); }, {2, 3, 4}, {3, 4, 2});
  two("tensordot", "tensordot(a, b, {0, 2}, {1, 0})",
      [](T a, T b) {
        return tensordot(a, b, {0, 2}, {1, 0});
      },
      {2, 3, 4}, {4, 2, 3});
  two("tensordot", "tensordot(a, b, 0)", [](T a, T b) { return tensordot(a, b, 0); }, {2}, {3});
  const auto sums = [&](const char* equation, std::initializer_list<Shape> shapes) {
    add.composite(
        "einsum", equation, [equation](const Tensors& in) { return einsum(equation, in); }, of(shapes));
  };
  sums("ij,jk->ik", {{2, 3}, {3, 4}}), sums("ij->ji", {{2, 3}}), sums("ii->i", {{3, 3}}), sums("ii", {{3, 3}});
  sums("ij,j", {{2, 3}, {3}}), sums("bij,bjk->bik", {{2, 3, 4}, {2, 4, 2}}), sums("i,j->ij", {{2}, {3}});
  sums("...ij,...jk->...ik", {{2, 1, 2, 3}, {4, 3, 2}}), sums("ij,jk,kl->il", {{2, 3}, {3, 2}, {2, 2}});
  sums("ijk,ijl->kl", {{2, 3, 2}, {2, 3, 3}}), sums("ij,ij->", {{2, 3}, {2, 3}}),
      sums("iij,jk->ki", {{2, 2, 3}, {3, 2}});
  sums("ij->", {{2, 3}}), sums("ij->ij", {{2, 3}}), sums("ijj,k", {{2, 3, 3}, {2}});
}

void add_layers(std::vector<OpRow>& rows) {
  const Rows add{rows};
  const auto row = [&](const char* name, const char* text, Rows::Call call, std::vector<Argument> arguments) {
    add.composite(name, text, std::move(call), std::move(arguments));
  };
  const auto one = [&](const char* name, const char* text, auto f, Shape shape) {
    add.composite(
        name, text, [f](const Tensors& in) { return f(in[0]); }, of({shape}));
  };
  add.row(
      "im2col", "im2col(x, 2, 1, 1)", [](const Tensors& in) { return im2col(in[0], 2, 1, 1); }, of({{1, 2, 3, 3}}));
  add.row(
      "im2col", "im2col(x, {2, 1}, {1, 2}, 0, {2, 1})",
      [](const Tensors& in) {
        return im2col(in[0], {2, 1}, {1, 2}, 0, {2, 1});
      },
      of({{2, 1, 4, 3}}));
  add.row(
      "col2im", "col2im(x, 3, 2, 1, 1)", [](const Tensors& in) { return col2im(in[0], 3, 2, 1, 1); }, of({{1, 4, 16}}));
  add.row(
      "conv2d", "conv2d(x, weight)", [](const Tensors& in) { return conv2d(in[0], in[1]); },
      of({{2, 2, 4, 3}, {3, 2, 2, 2}}));
  add.row(
      "conv2d", "conv2d(x, weight, bias, stride 2, padding {1, 0}, dilation {1, 2})",
      [](const Tensors& in) {
        return conv2d(in[0], in[1], in[2], {.stride = 2, .padding = {1, 0}, .dilation = {1, 2}});
      },
      of({{2, 2, 4, 5}, {3, 2, 3, 2}, {3}}));
  add.row(
      "conv2d", "conv2d(x, weight, groups 2)", [](const Tensors& in) { return conv2d(in[0], in[1], {.groups = 2}); },
      of({{4, 3, 3}, {2, 2, 2, 2}}));
  add.row(
      "conv1d", "conv1d(x, weight, bias, stride 2, padding 1)",
      [](const Tensors& in) { return conv1d(in[0], in[1], in[2], {.stride = 2, .padding = 1}); },
      of({{2, 2, 5}, {3, 2, 3}, {3}}));
  add.row(
      "conv_transpose2d", "conv_transpose2d(x, weight)",
      [](const Tensors& in) { return conv_transpose2d(in[0], in[1]); }, of({{1, 2, 2, 3}, {2, 3, 2, 2}}));
  add.row(
      "conv_transpose2d", "conv_transpose2d(x, weight, bias, stride 2, padding 1, groups 2, output_padding 1)",
      [](const Tensors& in) {
        return conv_transpose2d(in[0], in[1], in[2], {.stride = 2, .padding = 1, .groups = 2}, 1);
      },
      of({{2, 2, 2, 2}, {2, 1, 3, 3}, {2}}));
  const auto op = [&](const char* name, const char* text, auto f, Shape shape) {
    add.row(
        name, text, [f](const Tensors& in) { return f(in[0]); }, of({shape}));
  };
  op("max_pool2d", "max_pool2d(x, 2)", [](T x) { return max_pool2d(x, 2); }, {2, 2, 4, 5});
  op("max_pool2d", "max_pool2d(x, 3, 2, 1)", [](T x) { return max_pool2d(x, 3, 2, 1); }, {2, 4, 5});
  op("max_pool1d", "max_pool1d(x, 2, 1)", [](T x) { return max_pool1d(x, 2, 1); }, {2, 3, 4});
  op("avg_pool2d", "avg_pool2d(x, 2)", [](T x) { return avg_pool2d(x, 2); }, {1, 2, 4, 5});
  op("avg_pool2d", "avg_pool2d(x, 3, 2, 1, false)", [](T x) { return avg_pool2d(x, 3, 2, 1, false); }, {2, 4, 5});
  op("avg_pool1d", "avg_pool1d(x, 2)", [](T x) { return avg_pool1d(x, 2); }, {3, 5});
  one("adaptive_avg_pool2d", "adaptive_avg_pool2d(x, {2, 3})",
      [](T x) {
        return adaptive_avg_pool2d(x, {2, 3});
      },
      {2, 2, 5, 4});
  one("adaptive_avg_pool1d", "adaptive_avg_pool1d(x, 3)", [](T x) { return adaptive_avg_pool1d(x, 3); }, {2, 5});
  add.row(
      "batch_norm", "batch_norm(x, training)",
      [](const Tensors& in) {
        Tensor mean, variance;
        return batch_norm(in[0], mean, variance, in[1], in[2], true);
      },
      {{{4, 3}}, maybe({3}), maybe({3})});
  row("batch_norm", "batch_norm(x)",
      [](const Tensors& in) {
        const DType dtype = in[0].defined() ? in[0].dtype() : float64;
        Tensor mean = full({2}, 0.5, dtype), variance = full({2}, 2, dtype);
        return batch_norm(in[0], mean, variance, in[1], in[2]);
      },
      {{{2, 2, 3}}, maybe({2}), maybe({2})});
  add.row("layer_norm", "layer_norm(x, {4}, weight, bias)",
          [](const Tensors& in) { return layer_norm(in[0], {4}, in[1], in[2]); }, {{{3, 4}}, maybe({4}), maybe({4})});
  add.row(
      "layer_norm", "layer_norm(x, {2, 3})",
      [](const Tensors& in) {
        return layer_norm(in[0], {2, 3});
      },
      of({{2, 2, 3}}));
  row("rms_norm", "rms_norm(x, {4}, weight)", [](const Tensors& in) { return rms_norm(in[0], {4}, in[1]); },
      {{{3, 4}}, maybe({4})});
  row("group_norm", "group_norm(x, 2, weight, bias)",
      [](const Tensors& in) { return group_norm(in[0], 2, in[1], in[2]); }, {{{2, 4, 3}}, maybe({4}), maybe({4})});
  one("dropout", "dropout(x, 0.5)",
      [](T x) {
        Random random = chance;
        return dropout(x, 0.5, random);
      },
      {3, 4});
  const auto attention = [&](const char* text, auto f, std::vector<Argument> arguments) {
    add.row("scaled_dot_product_attention", text, f, std::move(arguments));
  };
  attention(
      "scaled_dot_product_attention(q, k, v)",
      [](const Tensors& in) { return scaled_dot_product_attention(in[0], in[1], in[2]); },
      of({{2, 3, 4}, {2, 2, 4}, {2, 2, 3}}));
  attention(
      "scaled_dot_product_attention(q, k, v, {}, causal)",
      [](const Tensors& in) { return scaled_dot_product_attention(in[0], in[1], in[2], {}, true); },
      of({{3, 4}, {3, 4}, {3, 2}}));
  attention("scaled_dot_product_attention(q, k, v, mask)",
            [](const Tensors& in) { return scaled_dot_product_attention(in[0], in[1], in[2], in[3]); },
            {{{3, 4}}, {{2, 4}}, {{2, 2}}, maybe({3, 2})});
  attention("scaled_dot_product_attention(q, k, v, boolean mask)",
            [](const Tensors& in) { return scaled_dot_product_attention(in[0], in[1], in[2], in[3]); },
            {{{2, 3, 4}}, {{2, 2, 4}}, {{2, 2, 3}}, {{3, 2}, -2, 2, boolean, 0, true}});
  attention("scaled_dot_product_attention(qkv, 2, mask, causal)",
            [](const Tensors& in) { return scaled_dot_product_attention(in[0], 2, in[1], true); },
            {{{2, 3, 12}}, {{3, 3}, -2, 2, boolean, 0, true}});
  const auto lstm_of = [&](const char* text, auto f) {
    add.row("lstm", text, f, {{{3, 2, 4}}, {{2, 3}}, {{2, 3}}, {{12, 4}}, {{12, 3}}, maybe({12}), maybe({12})});
  };
  lstm_of("lstm(x, h, c, w_ih, w_hh, b_ih, b_hh).h",
          [](const Tensors& in) { return lstm(in[0], in[1], in[2], in[3], in[4], in[5], in[6]).h; });
  lstm_of("lstm(x, h, c, w_ih, w_hh, b_ih, b_hh).c",
          [](const Tensors& in) { return lstm(in[0], in[1], in[2], in[3], in[4], in[5], in[6]).c; });
}

void add_more_losses(std::vector<OpRow>& rows) {
  const Rows add{rows};
  const std::pair<const char*, Reduction> reductions[] = {{"", Reduction::mean},
                                                          {", sum", Reduction::sum},
                                                          {", none", Reduction::none},
                                                          {", batchmean", Reduction::batchmean}};
  for (const auto& [text, reduction] : reductions) {
    const auto loss = [&, text = text, r = reduction](const char* name, auto f, std::vector<Argument> arguments) {
      add.composite(
          name, std::string(name) + "(a, b" + text + ")", [f, r](const Tensors& in) { return f(in[0], in[1], r); },
          std::move(arguments));
    };
    loss("l1_loss", l1_loss, of({{3, 4}, {3, 4}}));
    loss(
        "smooth_l1_loss", [](T a, T b, Reduction r) { return smooth_l1_loss(a, b, r, 0.5); }, of({{3, 4}, {3, 4}}));
    loss(
        "huber_loss", [](T a, T b, Reduction r) { return huber_loss(a, b, r, 1.5); }, of({{3, 4}, {3, 4}}));
    add.row("binary_cross_entropy", "binary_cross_entropy(a, b" + std::string(text) + ")",
            [r = reduction](const Tensors& in) { return binary_cross_entropy(in[0], in[1], r); },
            {{{3, 4}, 0.1, 0.9}, {{3, 4}, 0.1, 0.9}});
    loss("kl_div", [](T a, T b, Reduction r) { return kl_div(a, b, r); }, {{{3, 4}}, {{3, 4}, 0.1, 0.9}});
    loss(
        "kl_div", [](T a, T b, Reduction r) { return kl_div(a, b, r, true); }, of({{3, 4}, {3, 4}}));
    loss("hinge_loss", hinge_loss, of({{3, 4}, {3, 4}}));
    loss("nll_loss", [](T a, T b, Reduction r) { return nll_loss(a, b, r); }, {{{4, 3}}, labels({4}, 0, 2)});
  }
  add.composite("nll_loss", "nll_loss(a, b, mean, weights, 1)",
                [](const Tensors& in) { return nll_loss(in[0], in[1], Reduction::mean, in[2], 1); },
                {{{2, 3, 4}}, labels({2, 4}, 0, 2), maybe({3}, 0.5, 2)});
  add.composite("cross_entropy", "cross_entropy(a, b, weights, label_smoothing)",
                [](const Tensors& in) {
                  return cross_entropy(in[0], in[1], {.class_weights = in[2], .label_smoothing = 0.1, .ignored = 2});
                },
                {{{4, 3}}, labels({4}, 0, 2), maybe({3}, 0.5, 2)});
  add.composite("cross_entropy", "cross_entropy(a, probabilities, label_smoothing)",
                [](const Tensors& in) { return cross_entropy(in[0], in[1], {.label_smoothing = 0.1}); },
                {{{4, 3}}, {{4, 3}, 0.1, 0.9}});
  add.composite("bce_with_logits", "bce_with_logits(a, b, pos_weight)",
                [](const Tensors& in) { return bce_with_logits(in[0], in[1], in[2]); },
                {{{3, 4}, -4, 4}, {{3, 4}, 0, 1}, {{4}, 0.5, 2}});
  add.composite(
      "cosine_similarity", "cosine_similarity(a, b)", [](const Tensors& in) { return cosine_similarity(in[0], in[1]); },
      of({{3, 4}, {3, 4}}));
  add.constant("bernoulli", "to(bernoulli(random, p), int64)",
               [](const Tensors& in) {
                 Random random = chance;
                 return to(bernoulli(random, in[0]), int64);
               },
               {{{3, 4}, 0, 1}});
  add.constant("randint", "randint(random, -2, 5, {3, 4})",
               [](const Tensors&) {
                 Random random = chance;
                 return randint(random, -2, 5, {3, 4});
               },
               {});
  add.constant("randint", "randint(random, 0, 2, {3, 0})",
               [](const Tensors&) {
                 Random random = chance;
                 return randint(random, 0, 2, {3, 0});
               },
               {});
  add.constant("multinomial", "multinomial(random, weights, 2)",
               [](const Tensors& in) {
                 Random random = chance;
                 return multinomial(random, in[0], 2);
               },
               {{{3, 4}, 0.5, 1}});
}

}  // namespace xgrad::tests
