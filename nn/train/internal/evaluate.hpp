#pragma once
#include <xgrad/nn/internal/inspect.hpp>
#include <xgrad/nn/train/evaluate.hpp>

namespace xgrad::nn::detail {

/// eval() while it lives.
struct EvalMode {
  explicit EvalMode(Module& module) : module_(module), modes_(Inspect::modes(module)) { module.eval(); }
  ~EvalMode() { Inspect::set_modes(module_, modes_); }
  EvalMode(const EvalMode&) = delete;
  EvalMode& operator=(const EvalMode&) = delete;

 private:
  Module& module_;
  std::vector<bool> modes_;
};

/// Whether accuracy means something for these.
bool names_classes(const Tensor& outputs, const Tensor& targets, bool one_hot);

/// The value of a loss function; ShapeError unless it is one number.
Tensor loss_of(const LossFunction& loss, const Tensor& outputs, const Tensor& targets, Site site);

/// evaluate(), unless stop() says so before a batch; then fewer samples are in it.
Evaluation evaluate_until(bool (*stop)() noexcept, Module& module, const LossFunction& loss, DataLoader& loader,
                          const EvaluationOptions& options, Site site);

}  // namespace xgrad::nn::detail
