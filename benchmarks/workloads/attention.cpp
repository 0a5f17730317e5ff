// W8: a pre-norm transformer encoder block, forward and backward.
#include "setup.hpp"

namespace bench {
namespace {

using namespace xgrad;

struct Block : nn::Module {
  nn::Parameter in_weight{filled(3, {384, 128}, -0.1, 0.1)}, in_bias{zeros({384})};
  nn::Parameter out_weight{filled(4, {128, 128}, -0.1, 0.1)}, out_bias{zeros({128})};
  nn::Parameter up{filled(5, {512, 128}, -0.1, 0.1)}, up_bias{zeros({512})};
  nn::Parameter down{filled(6, {128, 512}, -0.1, 0.1)}, down_bias{zeros({128})};
  nn::Parameter scale1{ones({128})}, shift1{zeros({128})}, scale2{ones({128})}, shift2{zeros({128})};

  Tensor forward(const Operand& x) override {
    const Tensor n = layer_norm(x, {128}, scale1, shift1);
    const Tensor h = x + nn::multi_head_attention(n, n, n, 4, {in_weight, in_bias, out_weight, out_bias});
    return h + linear(relu(linear(layer_norm(h, {128}, scale2, shift2), up, up_bias)), down, down_bias);
  }
  void members(nn::Members& m) override {
    m("in_weight", in_weight), m("in_bias", in_bias), m("out_weight", out_weight), m("out_bias", out_bias);
    m("up", up), m("up_bias", up_bias), m("down", down), m("down_bias", down_bias);
    m("scale1", scale1), m("shift1", shift1), m("scale2", scale2), m("shift2", shift2);
  }
};

struct W8 {
  Tensor x = variable(filled(1, {8, 64, 128}, -1, 1)), y;
  Block block;
  std::vector<Tensor> parameters = block.parameters();

  void sweep() {
    Tape tape;
    y = block(x);
    sum(y).backward();
    y = y.detach();
  }
  void forget() {
    x.zero_grad();
    for (Tensor& p : parameters) p.zero_grad();
  }
  void step() {
    sweep();
    forget();
  }
  std::vector<double> check() {
    sweep();
    std::vector<double> got{magnitude(y), magnitude(x.grad()), magnitude(block.in_weight.grad()),
                            magnitude(block.up.grad())};
    forget();
    return got;
  }
};

const Registered<W8> w8("W8");

}  // namespace
}  // namespace bench
