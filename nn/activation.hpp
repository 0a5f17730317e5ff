#pragma once
#include <xgrad/nn/module.hpp>

// The activations as modules, for Sequential; each is the function of the same name.
namespace xgrad::nn {

/// x.
class Identity : public Module {
 public:
  Tensor forward(const Operand& x) override;
};

/// max(x, 0).
class ReLU : public Module {
 public:
  Tensor forward(const Operand& x) override;
};

/// x where x > 0, else slope x.
class LeakyReLU : public Module {
 public:
  explicit LeakyReLU(double slope = 0.01) noexcept : slope_(slope) {}
  Tensor forward(const Operand& x) override;

 private:
  double slope_;
};

/// 1 / (1 + e^-x).
class Sigmoid : public Module {
 public:
  Tensor forward(const Operand& x) override;
};

/// The hyperbolic tangent.
class Tanh : public Module {
 public:
  Tensor forward(const Operand& x) override;
};

/// log(1 + e^x).
class Softplus : public Module {
 public:
  Tensor forward(const Operand& x) override;
};

/// x Phi(x), with Phi the normal distribution function.
class GELU : public Module {
 public:
  Tensor forward(const Operand& x) override;
};

/// x sigmoid(x).
class SiLU : public Module {
 public:
  Tensor forward(const Operand& x) override;
};

/// e^x_i / sum of e^x_j over one axis. Not before cross_entropy, which takes logits.
class Softmax : public Module {
 public:
  explicit Softmax(int axis = -1) noexcept : axis_(axis) {}
  Tensor forward(const Operand& x) override;

 private:
  int axis_;
};

/// (n, a, b, ...) to (n, a b ...).
class Flatten : public Module {
 public:
  Tensor forward(const Operand& x) override;
};

}  // namespace xgrad::nn
