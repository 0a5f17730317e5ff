// The workloads in LibTorch: libtorch_peer <threads> | --once <workload>.
#include <torch/torch.h>

#include "../../workload.hpp"

namespace bench {
namespace {

namespace F = torch::nn::functional;
using torch::Tensor;
using Extents = std::vector<int64_t>;

Tensor filled(std::uint32_t stream, Extents shape, double low, double high) {
  std::size_t n = 1;
  for (auto d : shape) n *= static_cast<std::size_t>(d);
  auto v = numbers(stream, n, low, high);
  return torch::from_blob(v.data(), shape).clone();
}
Tensor labelled(std::uint32_t stream, int64_t n) {
  auto v = labels(stream, static_cast<std::size_t>(n));
  return torch::from_blob(v.data(), {n}, torch::kLong).clone();
}
Tensor leaf(Tensor t) { return t.requires_grad_(); }
double magnitude_of(const Tensor& t) { return t.detach().to(torch::kDouble).abs().sum().item<double>(); }

torch::nn::Linear dense(int64_t in, int64_t out, std::uint32_t stream, double range) {
  torch::nn::Linear layer(in, out);
  torch::NoGradGuard guard;
  layer->weight.copy_(filled(stream, {in, out}, -range, range).t());
  layer->bias.zero_();
  return layer;
}
torch::nn::Sequential two_layers() {
  return torch::nn::Sequential(dense(784, 50, 3, 0.05), torch::nn::ReLU(), dense(50, 10, 4, 0.2));
}

template <class Optimizer> struct Training {
  Tensor x, target, loss;
  torch::nn::Sequential net;
  Optimizer optimizer;
  Training(Tensor x_, Tensor target_, torch::nn::Sequential net_, double lr)
      : x(x_), target(target_), net(net_), optimizer(net->parameters(), lr) {}
  virtual Tensor loss_of(const Tensor& y) { return F::cross_entropy(y, target); }
  void step() {
    optimizer.zero_grad();
    loss = loss_of(net->forward(x));
    loss.backward();
    optimizer.step();
  }
  std::vector<double> check() {
    return three([&] { return step(), loss.template item<double>(); });
  }
};

struct W1 : Training<torch::optim::SGD> {
  W1() : Training(filled(1, {100, 784}, 0, 1), labelled(2, 100), two_layers(), 0.1) {}
};
struct W2 : Training<torch::optim::SGD> {
  W2()
      : Training(filled(1, {1, 784}, 0, 1), filled(2, {1, 10}, 0, 1),
                 torch::nn::Sequential(dense(784, 100, 3, 0.05), torch::nn::Sigmoid(), dense(100, 10, 4, 0.2),
                                       torch::nn::Sigmoid()),
                 0.1) {}
  Tensor loss_of(const Tensor& y) override { return 0.5 * torch::mse_loss(y, target, at::Reduction::Sum); }
};
struct W3 : Training<torch::optim::Adam> {
  W3()
      : Training(filled(1, {128, 784}, 0, 1), labelled(2, 128),
                 torch::nn::Sequential(dense(784, 512, 3, 0.05), torch::nn::ReLU(), dense(512, 512, 4, 0.06),
                                       torch::nn::ReLU(), dense(512, 10, 5, 0.06)),
                 0.001) {}
};

struct W4 {
  static constexpr int nodes = 20'000;  // of a million it takes ten seconds a step
  double units = nodes;
  Tensor x = leaf(torch::tensor(static_cast<float>(1 - bench::chain_part(nodes))));
  Tensor w = leaf(torch::tensor(static_cast<float>(bench::chain_part(nodes)))), y;
  void sweep() {
    y = torch::tensor(1.0f);
    for (int i = 0; i < nodes / 2; ++i) {
      y = y * x;
      y = y + w;
    }
    y.backward();
  }
  void step() {
    sweep();
    x.mutable_grad().reset();
    w.mutable_grad().reset();
  }
  std::vector<double> check() {
    sweep();
    return {y.item<double>(), x.grad().item<double>() / nodes, w.grad().item<double>() / nodes};
  }
};

struct W5 {
  Tensor a, b, c;
  torch::NoGradGuard guard;
  explicit W5(Product p)
      : a(p.transposed_a ? filled(1, {p.k, p.m}, -1, 1).t() : filled(1, {p.m, p.k}, -1, 1)),
        b(p.transposed_b ? filled(2, {p.n, p.k}, -1, 1).t() : filled(2, {p.k, p.n}, -1, 1)) {}
  void step() { c = torch::matmul(a, b); }
  std::vector<double> check() { return step(), std::vector<double>{magnitude_of(c)}; }
};

struct W6 {
  Tensor x = filled(1, {64, 1, 28, 28}, 0, 1), target = labelled(2, 64), loss;
  std::vector<Tensor> w{leaf(filled(3, {16, 1, 3, 3}, -0.3, 0.3)),  leaf(torch::zeros({16})),
                        leaf(filled(4, {32, 16, 3, 3}, -0.1, 0.1)), leaf(torch::zeros({32})),
                        leaf(filled(5, {10, 1568}, -0.03, 0.03)),   leaf(torch::zeros({10}))};
  torch::optim::SGD optimizer{w, 0.05};
  void step() {
    optimizer.zero_grad();
    Tensor a = torch::max_pool2d(torch::relu(torch::conv2d(x, w[0], w[1], 1, 1)), 2);
    a = torch::max_pool2d(torch::relu(torch::conv2d(a, w[2], w[3], 1, 1)), 2);
    loss = F::cross_entropy(torch::linear(a.flatten(1), w[4], w[5]), target);
    loss.backward();
    optimizer.step();
  }
  std::vector<double> check() {
    return three([&] { return step(), loss.item<double>(); });
  }
};

/// f() summed, and its gradients; the check reports those of the leaves `shown`.
struct Sweep {
  std::vector<Tensor> leaves, shown;
  Tensor y;
  virtual Tensor f() = 0;
  virtual ~Sweep() = default;
  void sweep() {
    y = f();
    y.sum().backward();
  }
  void step() {
    sweep();
    for (Tensor& t : leaves) t.mutable_grad().reset();
  }
  std::vector<double> check() {
    sweep();
    std::vector<double> got{magnitude_of(y)};
    for (Tensor& t : shown) got.push_back(magnitude_of(t.grad()));
    return got;
  }
};

struct W7 : Sweep {
  explicit W7(int64_t n) {
    for (std::uint32_t i : {1u, 2u, 3u}) leaves.push_back(leaf(filled(i, {n}, -1, 1)));
    shown = leaves;
  }
  Tensor f() override { return torch::sigmoid(leaves[0] * leaves[1] + leaves[2]).sum(); }
};

struct W8 : Sweep {
  W8() {
    leaves = {filled(1, {8, 64, 128}, -1, 1),
              filled(3, {384, 128}, -0.1, 0.1),
              torch::zeros({384}),
              filled(4, {128, 128}, -0.1, 0.1),
              torch::zeros({128}),
              filled(5, {512, 128}, -0.1, 0.1),
              torch::zeros({512}),
              filled(6, {128, 512}, -0.1, 0.1),
              torch::zeros({128}),
              torch::ones({128}),
              torch::zeros({128}),
              torch::ones({128}),
              torch::zeros({128})};
    for (Tensor& t : leaves) t.requires_grad_();
    shown = {leaves[0], leaves[1], leaves[5]};
  }
  Tensor f() override {
    const auto& l = leaves;
    auto qkv = torch::linear(torch::layer_norm(l[0], {128}, l[9], l[10]), l[1], l[2])
                   .view({8, 64, 3, 4, 32})
                   .permute({2, 0, 3, 1, 4});
    auto a = at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]).transpose(1, 2).reshape({8, 64, 128});
    auto h = l[0] + torch::linear(a, l[3], l[4]);
    return h +
           torch::linear(torch::relu(torch::linear(torch::layer_norm(h, {128}, l[11], l[12]), l[5], l[6])), l[7], l[8]);
  }
};

struct W9 : Sweep {
  torch::nn::LSTM net{128, 128};
  W9() {
    torch::NoGradGuard guard;
    auto p = net->named_parameters();
    p["weight_ih_l0"].copy_(filled(3, {512, 128}, -0.09, 0.09));
    p["weight_hh_l0"].copy_(filled(4, {512, 128}, -0.09, 0.09));
    p["bias_ih_l0"].zero_();
    p["bias_hh_l0"].zero_();
    leaves = {leaf(filled(1, {64, 32, 128}, -1, 1)), p["weight_hh_l0"], p["bias_ih_l0"], p["weight_ih_l0"],
              p["bias_hh_l0"]};
    shown = {leaves[0], leaves[1], leaves[2]};
  }
  Tensor f() override { return std::get<0>(net->forward(leaves[0])); }
};

struct Net {
  std::vector<Tensor> w{leaf(filled(3, {784, 50}, -0.05, 0.05)), leaf(torch::zeros({50})),
                        leaf(filled(4, {50, 10}, -0.2, 0.2)), leaf(torch::zeros({10}))};
  Tensor x = filled(1, {100, 784}, 0, 1), target = labelled(2, 100);
  Tensor loss(const Tensor& in, const Tensor& t) {
    return F::cross_entropy(torch::addmm(w[3], torch::relu(torch::addmm(w[1], in, w[0])), w[2]), t);
  }
};

struct Hvp : Net {
  std::vector<Tensor> along{filled(5, {784, 50}, -1, 1), filled(6, {50}, -1, 1), filled(7, {50, 10}, -1, 1),
                            filled(8, {10}, -1, 1)};
  std::vector<Tensor> result;
  void step() {
    auto slope = torch::autograd::grad({loss(x, target)}, w, {}, true, true);
    result = torch::autograd::grad(slope, w, along);
  }
  std::vector<double> check() {
    step();
    std::vector<double> got;
    for (auto& t : result) got.push_back(magnitude_of(t));
    return got;
  }
};

struct Jacobian {  // a sweep for each of the 50 outputs: the C++ API has no vmap
  Tensor x = leaf(filled(1, {100}, -1, 1)), w1 = filled(3, {100, 100}, -0.1, 0.1), b1 = filled(4, {100}, -0.1, 0.1);
  Tensor w2 = filled(5, {50, 100}, -0.1, 0.1), b2 = filled(6, {50}, -0.1, 0.1), result;
  void step() {
    auto y = torch::linear(torch::tanh(torch::linear(x, w1, b1)), w2, b2);
    auto seeds = torch::eye(50);
    std::vector<Tensor> rows;
    for (int64_t i = 0; i < 50; ++i) rows.push_back(torch::autograd::grad({y}, {x}, {seeds[i]}, true)[0]);
    result = torch::stack(rows);
  }
  std::vector<double> check() { return step(), std::vector<double>{magnitude_of(result)}; }
};

struct W11 : Net {
  std::vector<std::vector<Tensor>> gradients = std::vector<std::vector<Tensor>>(100);
  void step() {
    for (int64_t i = 0; i < 100; ++i)
      gradients[static_cast<std::size_t>(i)] =
          torch::autograd::grad({loss(x.narrow(0, i, 1), target.narrow(0, i, 1))}, w);
  }
  std::vector<double> check() {
    step();
    std::vector<double> sums(4);
    for (auto& g : gradients)
      for (std::size_t p = 0; p < 4; ++p) sums[p] += magnitude_of(g[p]);
    return sums;
  }
};

struct W12 {
  torch::nn::Sequential net = two_layers();
  Tensor x, y;
  explicit W12(int64_t n) : x(filled(1, {n, 784}, 0, 1)) {}
  void step() {
    torch::InferenceMode guard;
    y = net->forward(x);
  }
  std::vector<double> check() {
    step();
    torch::InferenceMode guard;
    return {magnitude_of(y)};
  }
};

const Registered<W1> w1("W1");
const Registered<W2> w2("W2");
const Registered<W3> w3("W3");
const Registered<W4> w4("W4");
const bool w5 = [] {
  for (const Product& p : products) Registered<W5>(std::string("W5/") + p.name, p);
  return true;
}();
const Registered<W6> w6("W6");
const Registered<W7> w7_small("W7/1e4", 10'000), w7_large("W7/1e6", 1'000'000);
const Registered<W8> w8("W8");
const Registered<W9> w9("W9");
const Registered<Hvp> hvp("W10/hvp");
const Registered<Jacobian> jacobian("W10/jacobian");
const Registered<W11> w11("W11");
const Registered<W12> w12_one("W12/1", 1), w12_many("W12/10000", 10'000);

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "1";
  if (mode == "--once" && argc > 2) {
    const auto* w = bench::find(argv[2]);
    if (w) w->set_up().check();
    return w ? 0 : 2;
  }
  torch::set_num_threads(std::atoi(mode.c_str()));
  bench::serve("\"version\": \"" TORCH_VERSION "\", \"blas\": \"MKL, " + at::get_cpu_capability() + "\"");
}
