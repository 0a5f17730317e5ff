#pragma once
#include <vector>

#include <xgrad/engine/tensor.hpp>
#include <xgrad/ops/update.hpp>

namespace xgrad::nn {

/// Changes variables along their gradients, in place: `loss.backward(); optimizer.step(); optimizer.zero_grad();`.
/// A variable without a gradient is left as it is. After the first step, steps make no heap calls.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// One update from the gradients that backward() left.
  virtual void step(Site site = Site::here()) = 0;
  void zero_grad() noexcept;

  virtual double lr() const noexcept = 0;
  /// ValueError: negative or not finite.
  virtual void set_lr(double lr, Site site = Site::here()) = 0;

 protected:
  /// ValueError: no parameters, or one that is not a variable.
  Optimizer(const char* name, std::vector<Tensor> parameters, Site site);
  Optimizer(Optimizer&&) = default;
  Optimizer& operator=(Optimizer&&) = default;

  std::vector<Tensor> parameters_;
};

/// Stochastic gradient descent, with momentum, Nesterov's too, as PyTorch defines them:
/// g += weight_decay w; v = momentum v + (1 - dampening) g (at first v = g); w -= lr v, or lr (g + momentum v).
class SGD : public Optimizer {
 public:
  /// ValueError: lr, momentum or weight_decay negative; nesterov without momentum or with dampening.
  explicit SGD(std::vector<Tensor> parameters, const SgdOptions& options = {}, Site site = Site::here());
  void step(Site site = Site::here()) override;
  double lr() const noexcept override { return options_.lr; }
  void set_lr(double lr, Site site = Site::here()) override;

 private:
  SgdOptions options_;
  Tensor lr_;  // where a compiled step finds it
  std::vector<Tensor> velocity_;
};

/// Adam (Kingma and Ba, 2015) or AdamW, as PyTorch defines them: g += weight_decay w (AdamW: w *= 1 - lr weight_decay);
/// m and v are running means of g and g^2,
/// corrected for their start at zero; w -= lr m / (sqrt(v) + eps).
class Adam : public Optimizer {
 public:
  /// ValueError: lr, eps or weight_decay negative, a beta outside [0, 1).
  explicit Adam(std::vector<Tensor> parameters, const AdamOptions& options = {}, Site site = Site::here());
  void step(Site site = Site::here()) override;
  double lr() const noexcept override { return options_.lr; }
  void set_lr(double lr, Site site = Site::here()) override;

 private:
  AdamOptions options_;
  Tensor lr_;  // where a compiled step finds it
  std::vector<Tensor> first_, second_, steps_;
};

}  // namespace xgrad::nn
