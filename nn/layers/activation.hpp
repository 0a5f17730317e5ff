#pragma once
#include <cstdint>

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

/// x within [0, 6].
class ReLU6 : public Module {
 public:
  Tensor forward(const Operand& x) override;
};

/// ELU, scaled so that a normalised input stays so.
class SELU : public Module {
 public:
  Tensor forward(const Operand& x) override;
};

/// x sigmoid(x).
class SiLU : public Module {
 public:
  Tensor forward(const Operand& x) override;
};

/// x tanh(log(1 + e^x)).
class Mish : public Module {
 public:
  Tensor forward(const Operand& x) override;
};

/// 1 / (1 + e^-x).
class Sigmoid : public Module {
 public:
  Tensor forward(const Operand& x) override;
};

/// log(sigmoid(x)).
class LogSigmoid : public Module {
 public:
  Tensor forward(const Operand& x) override;
};

/// The hyperbolic tangent.
class Tanh : public Module {
 public:
  Tensor forward(const Operand& x) override;
};

/// x - tanh(x).
class Tanhshrink : public Module {
 public:
  Tensor forward(const Operand& x) override;
};

/// x / (1 + |x|).
class Softsign : public Module {
 public:
  Tensor forward(const Operand& x) override;
};

/// x / 6 + 1 / 2, within [0, 1].
class Hardsigmoid : public Module {
 public:
  Tensor forward(const Operand& x) override;
};

/// x hardsigmoid(x).
class Hardswish : public Module {
 public:
  Tensor forward(const Operand& x) override;
};

/// x where x > 0, else slope x.
class LeakyReLU : public Module {
 public:
  explicit LeakyReLU(double slope = 0.01) noexcept : slope_(slope) {}
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  double slope_;
};

/// x where x > 0, else alpha (e^x - 1).
class ELU : public Module {
 public:
  explicit ELU(double alpha = 1) noexcept : alpha_(alpha) {}
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  double alpha_;
};

/// x where x > 0, else alpha (e^(x / alpha) - 1).
class CELU : public Module {
 public:
  explicit CELU(double alpha = 1) noexcept : alpha_(alpha) {}
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  double alpha_;
};

/// log(1 + e^(beta x)) / beta.
class Softplus : public Module {
 public:
  explicit Softplus(double beta = 1) noexcept : beta_(beta) {}
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  double beta_;
};

/// x within [low, high].
class Hardtanh : public Module {
 public:
  explicit Hardtanh(double low = -1, double high = 1) noexcept : low_(low), high_(high) {}
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  double low_, high_;
};

/// x where |x| > lambda, else 0.
class Hardshrink : public Module {
 public:
  explicit Hardshrink(double lambda = 0.5) noexcept : lambda_(lambda) {}
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  double lambda_;
};

/// x less lambda sign(x) where |x| > lambda, else 0.
class Softshrink : public Module {
 public:
  explicit Softshrink(double lambda = 0.5) noexcept : lambda_(lambda) {}
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  double lambda_;
};

/// x where x > bound, else other.
class Threshold : public Module {
 public:
  Threshold(double bound, double other) noexcept : bound_(bound), other_(other) {}
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  double bound_, other_;
};

/// e^x_i / sum of e^x_j over one axis. Not before cross_entropy, which takes logits.
class Softmax : public Module {
 public:
  explicit Softmax(int axis = -1) noexcept : axis_(axis) {}
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  int axis_;
};

/// log(softmax(x)) over one axis.
class LogSoftmax : public Module {
 public:
  explicit LogSoftmax(int axis = -1) noexcept : axis_(axis) {}
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  int axis_;
};

/// softmax(-x) over one axis.
class Softmin : public Module {
 public:
  explicit Softmin(int axis = -1) noexcept : axis_(axis) {}
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  int axis_;
};

/// a sigmoid(b), for the two halves of x along one axis (Dauphin et al., 2017).
class GLU : public Module {
 public:
  explicit GLU(int axis = -1) noexcept : axis_(axis) {}
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  int axis_;
};

/// x Phi(x), with Phi the normal distribution function, or PyTorch's "tanh" approximation of it.
class GELU : public Module {
 public:
  enum class Approximate { exact, tanh_form };
  explicit GELU(Approximate approximate = Approximate::exact) noexcept : approximate_(approximate) {}
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  Approximate approximate_;
};

/// x where x > 0, else weight x, with one learned weight for all, or one for each channel, axis 1 (He et al., 2015).
class PReLU : public Module {
 public:
  /// ValueError: count < 1.
  explicit PReLU(std::int64_t count = 1, double init = 0.25, DType dtype = float32, Site site = Site::here());
  Tensor forward(const Operand& x) override;
  void members(Members& m) override;

  Parameter weight;
};

}  // namespace xgrad::nn
