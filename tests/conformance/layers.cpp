// Products, losses and layers.
#include <xgrad/nn.hpp>

#include "attributes.hpp"

namespace conformance {
namespace {

using xgrad::Axes;
using xgrad::Pair;

void add_products(Table& t) {
  using namespace xgrad;
  t["linear"] = [](In in, At) {
    return Tensors{in.size() > 2 ? linear(in[0], in[1], in[2]) : linear(in.at(0), in.at(1))};
  };
  t["affine"] = [](In in, At) {
    return Tensors{in.size() > 2 ? affine(in[0], in[1], in[2]) : affine(in.at(0), in.at(1))};
  };
  t["einsum"] = [](In in, At a) { return Tensors{einsum(a.at("equation").get<std::string>(), in)}; };
  t["tensordot"] = two([](const Tensor& x, const Tensor& y, At a) {
    const Json& given = a.at("axes");
    if (given.is_number()) return tensordot(x, y, given.get<int>());
    const auto left = given.at(0).get<std::vector<int>>(), right = given.at(1).get<std::vector<int>>();
    return tensordot(x, y, Axes(left.data(), static_cast<int>(left.size())),
                     Axes(right.data(), static_cast<int>(right.size())));
  });
  t["inv"] = one([](const Tensor& x, At) { return inv(x); });
  t["det"] = one([](const Tensor& x, At) { return det(x); });
  t["cholesky"] = one([](const Tensor& x, At) { return cholesky(x); });
  t["slogdet"] = [](In in, At) {
    const Slogdet d = slogdet(in.at(0));
    return Tensors{d.sign, d.logabsdet};
  };
  t["qr"] = [](In in, At) {
    const Qr factors = qr(in.at(0));
    return Tensors{factors.q, factors.r};
  };
  t["eigh"] = [](In in, At) {
    const Eigh e = eigh(in.at(0));
    return Tensors{e.values, e.vectors};
  };
  t["svd"] = [](In in, At) {
    const Svd factors = svd(in.at(0));
    return Tensors{factors.u, factors.s, factors.vt};
  };
}

void add_losses(Table& t) {
  using namespace xgrad;
  using Loss = Tensor (*)(const Operand&, const Operand&, Reduction);
  for (const auto& [name, f] :
       std::initializer_list<std::pair<const char*, Loss>>{{"mse_loss", mse_loss},
                                                           {"l1_loss", l1_loss},
                                                           {"binary_cross_entropy", binary_cross_entropy},
                                                           {"hinge_loss", hinge_loss}})
    t[name] = two([f = f](const Tensor& x, const Tensor& y, At a) { return f(x, y, reduction(a)); });
  t["smooth_l1_loss"] = two(
      [](const Tensor& x, const Tensor& y, At a) { return smooth_l1_loss(x, y, reduction(a), number(a, "beta", 1)); });
  t["huber_loss"] =
      two([](const Tensor& x, const Tensor& y, At a) { return huber_loss(x, y, reduction(a), number(a, "delta", 1)); });
  t["kl_div"] =
      two([](const Tensor& x, const Tensor& y, At a) { return kl_div(x, y, reduction(a), flag(a, "log_target")); });
  t["cosine_similarity"] = two([](const Tensor& x, const Tensor& y, At a) {
    return cosine_similarity(x, y, value(a, "axis", 1), number(a, "eps", 1e-8));
  });
  t["bce_with_logits"] = t["binary_cross_entropy_with_logits"] = [](In in, At a) {
    return Tensors{in.size() > 2 ? bce_with_logits(in[0], in[1], in[2], reduction(a))
                                 : bce_with_logits(in.at(0), in.at(1), reduction(a))};
  };
  t["nll_loss"] = [](In in, At a) {
    return Tensors{nll_loss(in.at(0), in.at(1), reduction(a), at(in, 2), whole(a, "ignore_index", -100))};
  };
  t["cross_entropy"] = [](In in, At a) {
    const bool plain = in.size() == 2 && number(a, "label_smoothing", 0) == 0 && !a.contains("ignore_index");
    if (plain) return Tensors{cross_entropy(in[0], in[1], reduction(a))};
    return Tensors{cross_entropy(in.at(0), in.at(1),
                                 {.reduction = reduction(a),
                                  .class_weights = at(in, 2),
                                  .label_smoothing = number(a, "label_smoothing", 0),
                                  .ignored = whole(a, "ignore_index", -100)})};
  };
}

xgrad::ConvOptions conv_options(At a) {
  return {.stride = pair(a, "stride", 1),
          .padding = pair(a, "padding", 0),
          .dilation = pair(a, "dilation", 1),
          .groups = whole(a, "groups", 1)};
}
xgrad::nn::CellWeights cell(In in, std::size_t first) {
  return {in.at(first), in.at(first + 1), at(in, first + 2), at(in, first + 3)};
}

void add_networks(Table& t) {
  using namespace xgrad;
  t["conv1d"] = [](In in, At a) {
    return Tensors{in.size() > 2 ? conv1d(in[0], in[1], in[2], conv_options(a))
                                 : conv1d(in.at(0), in.at(1), conv_options(a))};
  };
  t["conv2d"] = [](In in, At a) {
    return Tensors{in.size() > 2 ? conv2d(in[0], in[1], in[2], conv_options(a))
                                 : conv2d(in.at(0), in.at(1), conv_options(a))};
  };
  t["conv_transpose2d"] = [](In in, At a) {
    const Pair more = pair(a, "output_padding", 0);
    return Tensors{in.size() > 2 ? conv_transpose2d(in[0], in[1], in[2], conv_options(a), more)
                                 : conv_transpose2d(in.at(0), in.at(1), conv_options(a), more)};
  };
  t["max_pool2d"] = one([](const Tensor& x, At a) {
    const Pair kernel = pair(a, "kernel_size", 1);
    return max_pool2d(x, kernel, pair(a, "stride", kernel), pair(a, "padding", 0), pair(a, "dilation", 1));
  });
  t["max_pool1d"] = one([](const Tensor& x, At a) {
    const Pair kernel = pair(a, "kernel_size", 1);
    return max_pool1d(x, kernel.w, pair(a, "stride", kernel).w, pair(a, "padding", 0).w, pair(a, "dilation", 1).w);
  });
  t["avg_pool2d"] = one([](const Tensor& x, At a) {
    const Pair kernel = pair(a, "kernel_size", 1);
    return avg_pool2d(x, kernel, pair(a, "stride", kernel), pair(a, "padding", 0), value(a, "count_include_pad", true));
  });
  t["avg_pool1d"] = one([](const Tensor& x, At a) {
    const Pair kernel = pair(a, "kernel_size", 1);
    return avg_pool1d(x, kernel.w, pair(a, "stride", kernel).w, pair(a, "padding", 0).w,
                      value(a, "count_include_pad", true));
  });
  t["adaptive_avg_pool2d"] =
      one([](const Tensor& x, At a) { return adaptive_avg_pool2d(x, pair(a, "output_size", 1)); });
  t["adaptive_avg_pool1d"] =
      one([](const Tensor& x, At a) { return adaptive_avg_pool1d(x, pair(a, "output_size", 1).w); });
  t["im2col"] = one([](const Tensor& x, At a) {
    return im2col(x, pair(a, "kernel_size", 1), pair(a, "stride", 1), pair(a, "padding", 0), pair(a, "dilation", 1));
  });
  t["col2im"] = one([](const Tensor& x, At a) {
    return col2im(x, pair(a, "output_size", 1), pair(a, "kernel_size", 1), pair(a, "stride", 1), pair(a, "padding", 0),
                  pair(a, "dilation", 1));
  });
  t["batch_norm"] = [](In in, At a) {
    Tensor mean = in.at(3).clone(), variance = in.at(4).clone();
    const double momentum = number(a, "momentum", 0.1), eps = number(a, "eps", 1e-5);
    const bool training = flag(a, "training");
    const Tensor y = batch_norm(in[0], mean, variance, in[1], in[2], training, momentum, eps);
    if (training && !value(a, "running_var_unbiased", true)) {  // the book's way: n / (n - 1) taken back
      const double n = static_cast<double>(in[0].size()) / static_cast<double>(in[0].shape()[1]);
      const Tensor old = in[4].detach() * (1 - momentum);
      variance = old + (variance - old) * ((n - 1) / n);
    }
    return Tensors{y, mean, variance};
  };
  t["layer_norm"] = [](In in, At a) {
    return Tensors{layer_norm(in.at(0), shape(a, "normalized_shape"), at(in, 1), at(in, 2), number(a, "eps", 1e-5))};
  };
  t["rms_norm"] = [](In in, At a) {
    return Tensors{rms_norm(in.at(0), shape(a, "normalized_shape"), at(in, 1), number(a, "eps", 1e-5))};
  };
  t["group_norm"] = [](In in, At a) {
    return Tensors{group_norm(in.at(0), a.at("num_groups"), at(in, 1), at(in, 2), number(a, "eps", 1e-5))};
  };
  t["dropout"] = one([](const Tensor& x, At a) {
    Random random(1);
    return dropout(x, number(a, "p"), random, value(a, "training", true));
  });
  t["scaled_dot_product_attention"] = [](In in, At a) {
    return Tensors{scaled_dot_product_attention(in.at(0), in.at(1), in.at(2), at(in, 3), flag(a, "causal"),
                                                number(a, "scale", 0))};
  };
  t["multi_head_attention"] = [](In in, At a) {
    return Tensors{nn::multi_head_attention(
        in.at(0), in.at(1), in.at(2), a.at("num_heads"),
        {.in_weight = in.at(3), .in_bias = in.at(4), .out_weight = in.at(5), .out_bias = in.at(6)}, at(in, 7),
        flag(a, "causal"))};
  };
  const auto kind = [](At a) {
    return choose<nn::Nonlinearity>(a, "nonlinearity",
                                    {{"tanh", nn::Nonlinearity::tanh}, {"relu", nn::Nonlinearity::relu}});
  };
  t["rnn_cell"] = [kind](In in, At a) { return Tensors{nn::rnn_cell(in.at(0), in.at(1), cell(in, 2), kind(a))}; };
  t["rnn"] = [kind](In in, At a) {
    const nn::Sequence s = nn::rnn(in.at(0), in.at(1), cell(in, 2), kind(a));
    return Tensors{s.outputs, s.h};
  };
  t["gru_cell"] = [](In in, At) { return Tensors{nn::gru_cell(in.at(0), in.at(1), cell(in, 2))}; };
  t["gru"] = [](In in, At) {
    const nn::Sequence s = nn::gru(in.at(0), in.at(1), cell(in, 2));
    return Tensors{s.outputs, s.h};
  };
  t["lstm_cell"] = [](In in, At) {
    const nn::LstmState s = nn::lstm_cell(in.at(0), {in.at(1), in.at(2)}, cell(in, 3));
    return Tensors{s.h, s.c};
  };
  t["lstm"] = [](In in, At) {
    const nn::LstmSequence s = nn::lstm(in.at(0), {in.at(1), in.at(2)}, cell(in, 3));
    return Tensors{s.outputs, s.state.h, s.state.c};
  };
}

}  // namespace

void add_layers(Table& t) { add_products(t), add_losses(t), add_networks(t); }

}  // namespace conformance
