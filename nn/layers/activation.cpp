#include <xgrad/nn/layers/activation.hpp>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/xgrad.hpp>

namespace xgrad::nn {

Tensor Identity::forward(const Operand& x) { return identity(x); }
Tensor ReLU::forward(const Operand& x) { return relu(x); }
Tensor ReLU6::forward(const Operand& x) { return relu6(x); }
Tensor SELU::forward(const Operand& x) { return selu(x); }
Tensor SiLU::forward(const Operand& x) { return silu(x); }
Tensor Mish::forward(const Operand& x) { return mish(x); }
Tensor Sigmoid::forward(const Operand& x) { return sigmoid(x); }
Tensor LogSigmoid::forward(const Operand& x) { return log_sigmoid(x); }
Tensor Tanh::forward(const Operand& x) { return tanh(x); }
Tensor Tanhshrink::forward(const Operand& x) { return tanhshrink(x); }
Tensor Softsign::forward(const Operand& x) { return softsign(x); }
Tensor Hardsigmoid::forward(const Operand& x) { return hardsigmoid(x); }
Tensor Hardswish::forward(const Operand& x) { return hardswish(x); }
Tensor LeakyReLU::forward(const Operand& x) { return leaky_relu(x, slope_); }
Tensor ELU::forward(const Operand& x) { return elu(x, alpha_); }
Tensor CELU::forward(const Operand& x) { return celu(x, alpha_); }
Tensor Softplus::forward(const Operand& x) { return softplus(x, beta_); }
Tensor Hardtanh::forward(const Operand& x) { return hardtanh(x, low_, high_); }
Tensor Hardshrink::forward(const Operand& x) { return hardshrink(x, lambda_); }
Tensor Softshrink::forward(const Operand& x) { return softshrink(x, lambda_); }
Tensor Threshold::forward(const Operand& x) { return threshold(x, bound_, other_); }
Tensor Softmax::forward(const Operand& x) { return softmax(x, axis_); }
Tensor LogSoftmax::forward(const Operand& x) { return log_softmax(x, axis_); }
Tensor GELU::forward(const Operand& x) { return approximate_ == Approximate::tanh_form ? gelu_tanh(x) : gelu(x); }

Tensor Softmin::forward(const Operand& x) {
  const Tensor negative = -x;
  return softmax(Operand(negative, x.site.file, x.site.line), axis_);
}

Tensor GLU::forward(const Operand& x) {
  const std::vector<Tensor> halves = chunk(x, 2, axis_);
  if (halves.size() != 2 || halves[0].shape() != halves[1].shape())
    detail::fail<ShapeError>("glu", x.site, "x is {}: axis {} has no two halves", to_string(x.tensor->shape()), axis_);
  return halves[0] * sigmoid(halves[1]);
}

std::string LeakyReLU::options() const { return fmt::format("slope {}", slope_); }
std::string ELU::options() const { return fmt::format("alpha {}", alpha_); }
std::string CELU::options() const { return fmt::format("alpha {}", alpha_); }
std::string Softplus::options() const { return fmt::format("beta {}", beta_); }
std::string Hardtanh::options() const { return fmt::format("low {}, high {}", low_, high_); }
std::string Hardshrink::options() const { return fmt::format("lambda {}", lambda_); }
std::string Softshrink::options() const { return fmt::format("lambda {}", lambda_); }
std::string Threshold::options() const { return fmt::format("bound {}, other {}", bound_, other_); }
std::string Softmax::options() const { return fmt::format("axis {}", axis_); }
std::string LogSoftmax::options() const { return fmt::format("axis {}", axis_); }
std::string Softmin::options() const { return fmt::format("axis {}", axis_); }
std::string GLU::options() const { return fmt::format("axis {}", axis_); }
std::string GELU::options() const { return approximate_ == Approximate::tanh_form ? "tanh" : ""; }

PReLU::PReLU(std::int64_t count, double init, DType dtype, Site site) {
  if (count < 1) detail::fail<ValueError>("PReLU", site, "count is {}, expected 1 or more", count);
  weight = Parameter(full({count}, init, dtype, site), site);
}

Tensor PReLU::forward(const Operand& x) {
  const Tensor value = identity(x);
  Shape along_channels{weight.size()};
  if (weight.size() > 1) {
    if (value.rank() < 2 || value.shape()[1] != weight.size())
      detail::fail<ShapeError>("prelu", x.site, "x is {}, expected {} channels along axis 1", to_string(value.shape()),
                               weight.size());
    for (int axis = 2; axis < value.rank(); ++axis) along_channels.push_back(1);
  } else if (value.rank() == 0) {
    along_channels = Shape();
  }
  const detail::SiteScope scope("prelu", x.site);
  return where(value > 0, value, reshape(weight, along_channels) * value);
}

void PReLU::members(Members& m) { m("weight", weight); }

}  // namespace xgrad::nn
